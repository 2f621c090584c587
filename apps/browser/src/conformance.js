import addresses from 'virtual:vectors';
import { parseVectors, runConformance } from '@isoloss/conformance/browser';
import { backends } from './runtimes/certified.js';

const find = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.search);
const few = 'crossEntropy,sigmoidFocal,huber,dice,infoNce,listMle,ctc';

/** What the address of the page says: `?backends=wasm,onnx-web&losses=huber&run`. */
const chosenBackends = asked.get('backends')?.split(',') ?? ['wasm', 'onnx-web', 'tfjs-wasm', 'tfjs-webgl'];
for (const id of Object.keys(backends)) {
  const label = document.createElement('label');
  const box = Object.assign(document.createElement('input'), { type: 'checkbox', name: 'backend', value: id });
  box.checked = chosenBackends.includes(id);
  label.append(box, ` ${id}`);
  find('backends').append(label);
}
find('losses').value = asked.get('losses') ?? few;
find('all').addEventListener('click', () => {
  find('losses').value = Object.keys(addresses).join(',');
});
find('form').addEventListener('submit', (event) => {
  event.preventDefault();
  run();
});
if (asked.has('run')) run();

async function run() {
  const ids = [...document.querySelectorAll('[name=backend]:checked')].map(({ value }) => value);
  const losses = find('losses')
    .value.split(',')
    .map((loss) => loss.trim())
    .filter((loss) => loss !== '');
  const unknown = losses.filter((loss) => !Object.hasOwn(addresses, loss));
  if (unknown.length > 0) return say(`There are no vectors of ${unknown.join(', ')}.`);
  find('run').disabled = true;
  document.body.dataset.state = 'busy';
  const opened = await open(ids);
  showColumns(opened);
  const totals = { passed: 0, vectors: 0 };
  for (const [k, loss] of losses.entries()) {
    say(`${k} of ${losses.length} losses; ${loss}…`);
    const file = parseVectors(await (await fetch(addresses[loss])).json());
    const row = find('cells').insertRow();
    row.insertCell().textContent = loss;
    for (const { backend, dtypes } of opened)
      for (const dtype of dtypes) {
        const { cells } = await runConformance({ backends: [backend], vectors: [file], dtypes: [dtype] });
        showCell(row.insertCell(), cells[0]);
        totals.passed += cells[0].passed;
        totals.vectors += cells[0].total;
        await new Promise(requestAnimationFrame);
      }
  }
  for (const { backend } of opened) await backend.dispose();
  say(`${totals.passed} of ${totals.vectors} vectors passed.`);
  find('run').disabled = false;
  document.body.dataset.state = 'ready';
}

/** The backends that work here; the others are said. */
async function open(ids) {
  find('failures').replaceChildren();
  const opened = [];
  for (const id of ids) {
    const backend = backends[id]();
    const { available, dtypes, reason, remedy } = await backend.describe();
    if (available) opened.push({ backend, dtypes });
    else fail(`${id} is left out: ${reason}; ${remedy}`);
  }
  return opened;
}

function showColumns(opened) {
  find('cells').replaceChildren();
  const [first] = find('columns').children;
  const heads = opened.flatMap(({ backend, dtypes }) =>
    dtypes.map((dtype) => {
      const head = Object.assign(document.createElement('th'), { scope: 'col' });
      head.textContent = `${backend.id} ${dtype.replace('float', 'f')}`;
      return head;
    }),
  );
  find('columns').replaceChildren(first, ...heads);
}

function showCell(cell, { loss, backend, dtype, total, passed, worstRatio, cases }) {
  cell.textContent = `${passed}/${total}`;
  cell.append(Object.assign(document.createElement('small'), { textContent: worstRatio?.ratio.toFixed(2) ?? '' }));
  cell.className = passed === total ? 'passed' : 'failed';
  Object.assign(cell.dataset, { loss, backend, dtype, total, passed, ratio: worstRatio?.ratio ?? 0 });
  const bad = cases.filter(({ outcome }) => outcome !== 'pass');
  for (const { id, outcome, reason } of bad.slice(0, 3)) fail(`${backend} ${dtype}, ${id}, ${outcome}: ${reason}`);
  if (bad.length > 3) fail(`${backend} ${dtype}, ${loss}: and ${bad.length - 3} more`);
}

function fail(text) {
  find('failures').append(Object.assign(document.createElement('li'), { textContent: text }));
}

function say(text) {
  find('progress').textContent = text;
}
