import { evaluate } from '@isoloss/core';
import { chosen, makeControls, showCurve, showExample, sweep } from './controls.js';
import { losses } from './losses.js';
import { irregular, median } from './numbers.js';
import { startRuntimes } from './runtimes/index.js';
import { makeTable, showBatch, showError, showResult } from './table.js';

const { runtimes, missing } = await startRuntimes();
const button = document.getElementById('measure');
const isolation = crossOriginIsolated
  ? `isolated from other origins: threads share memory (${navigator.hardwareConcurrency} cores)`
  : 'not isolated from other origins (COOP and COEP headers): one thread';
document.getElementById('machine').textContent = `This page is ${isolation}.`;
makeTable(runtimes, missing);

/** The loss as each runtime has it ready, and the times of its last calls. */
let prepared = { key: '', of: [] };

function prepare({ loss, option }) {
  const key = `${loss} ${option}`;
  if (prepared.key === key) return;
  for (const { ready } of prepared.of) ready.dispose();
  const made = losses[loss].make(option);
  prepared = { key, loss: made, of: runtimes.map(({ id, prepare }) => ({ id, ready: prepare(made), times: [] })) };
}

async function timed(ready, batch) {
  const start = performance.now();
  const result = await ready.run(batch);
  return { result, milliseconds: performance.now() - start };
}

async function computeExample() {
  const { loss, option, logits, target } = { ...chosen, logits: [...chosen.logits] };
  prepare(chosen);
  const batch = { shape: [1, logits.length], logits: Float32Array.from(logits), labels: Int32Array.of(target) };
  const exact = exactly(prepared.loss, batch);
  showExample({ logits, option }, exact.gradient);
  showCurve(curve(losses[loss].make(option, { reduction: 'none' }), { logits, target }, exact));
  for (const { id, ready, times } of prepared.of)
    try {
      // The first call compiles, and is not counted.
      if (times.length === 0) await ready.run(batch);
      const { result, milliseconds } = await timed(ready, batch);
      times.splice(0, times.length - 8);
      times.push(milliseconds);
      showResult(id, result, exact, times);
    } catch (error) {
      showError(id, error);
    }
}

/** In float64, by the reference: from the float32 logits that the runtimes are given. */
function exactly(loss, { shape, logits, labels }) {
  const inputs = {
    input: { dtype: 'float64', shape, data: Float64Array.from(logits) },
    target: { dtype: 'int32', shape: shape.slice(0, 1), data: labels },
  };
  const { value, gradients } = evaluate(loss, inputs, { dtype: 'float64', gradients: ['input'] });
  return { value: value.data[0], gradient: [...gradients.input.data] };
}

/** The loss at every logit of the right class. */
function curve(loss, { logits, target }, exact) {
  const rows = sweep.map((logit) => logits.with(target, logit));
  const { value } = evaluate(loss, { input: rows, target: rows.map(() => target) });
  return {
    points: sweep.map((logit, k) => [logit, value.data[k]]),
    at: logits[target],
    value: exact.value,
    slope: exact.gradient[target],
  };
}

async function measureBatch() {
  const shape = [256, 1000];
  const labels = Int32Array.from({ length: shape[0] }, (_, k) => (k * 7) % shape[1]);
  const batch = { shape, logits: irregular(shape[0] * shape[1], 8), labels };
  for (const { id } of prepared.of) showBatch(id, undefined);
  for (const { id, ready } of prepared.of)
    try {
      // The first call compiles; of a slow runtime one more is enough.
      await ready.run(batch);
      const times = [];
      while (times.length < 5 && times.reduce((sum, time) => sum + time, 0) < 500)
        times.push((await timed(ready, batch)).milliseconds);
      showBatch(id, median(times));
    } catch (error) {
      showError(id, error);
    }
}

// One thing at a time: what is asked for meanwhile is done after it, once.
const wanted = new Set();
let busy = false;

async function request(work) {
  wanted.add(work);
  if (busy) return;
  busy = true;
  document.body.dataset.state = 'busy';
  button.disabled = true;
  for (const next of wanted) {
    wanted.delete(next);
    await next();
    await new Promise(requestAnimationFrame);
  }
  busy = false;
  button.disabled = false;
  document.body.dataset.state = 'ready';
}

makeControls(() => request(computeExample));
button.addEventListener('click', () => request(measureBatch));
request(computeExample);
request(measureBatch);
