// Drives the pages as a person would. Their numbers are compared with the float64 reference, computed here, in Node: none
// may be farther from it than the rounding of float32 can explain, which is derived for each.
import assert from 'node:assert/strict';
import { lossBounds } from '@isoloss/conformance/browser';
import { chromium } from 'playwright-core';
import { losses } from './src/losses.js';

const settings = [
  { logits: [2, 1, -1, 0.5, -3], target: 1 },
  { logits: [0, 0, 0, 0, 0], target: 4 },
  { logits: [10, -10, 3, 9.9, -2.5], target: 1 },
];
const needed = ['wasm', 'tfjs-wasm', 'onnx-web'];
const sample = ['poly1', 'listMle'];

export async function checkPage(executablePath, address) {
  // Graphics in software: WebGL works without a screen or a graphics card, and the same everywhere.
  const args = ['--use-angle=swiftshader', '--enable-unsafe-swiftshader'];
  const browser = await chromium.launch({ executablePath, args, timeout: 60_000 });
  try {
    console.log(`Chromium ${browser.version()}`);
    const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
    page.setDefaultTimeout(90_000);
    const wrong = watch(page, address);
    await page.goto(address);
    await ready(page);
    console.log(await page.textContent('#machine'));
    assert(await page.evaluate(() => crossOriginIsolated), 'the page is not isolated from other origins');

    const worst = await checkNumbers(page);
    for (const id of needed) assert(worst.has(id), `${id} does not work in this browser`);
    for (const [id, { value, gradient, times }] of worst) {
      const errors = `loss ${value.toFixed(2)}, gradient ${gradient.toFixed(2)}`;
      console.log(
        `  ${id.padEnd(11)} largest error over its bound: ${errors}; one example ${times[0]}, a batch ${times[1]}`,
      );
      assert(Math.max(value, gradient) <= 1, `${id}: an error that rounding does not explain`);
    }
    assert.deepEqual(wrong, [], 'errors of the page');
    await photograph(page);
    await checkConformance(page, address, [...worst.keys()]);
    assert.deepEqual(wrong, [], 'errors of the page of conformance');
    console.log('Pictures: out/light.png, out/dark.png, out/phone.png, out/conformance.png');
  } finally {
    await browser.close();
  }
}

/** What goes wrong in the page, and what it asks of the world outside: it is to work without a network. */
function watch(page, address) {
  const wrong = [];
  page.on('pageerror', (error) => wrong.push(error.message));
  page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()));
  page.on('request', (request) => {
    const url = request.url();
    if (/^https?:/.test(url) && !url.startsWith(address)) wrong.push(`asked for ${url}`);
  });
  return wrong;
}

const ready = (page) => page.waitForFunction(() => document.body.dataset.state === 'ready');

/** By runtime, the largest errors over their bounds, of all losses and settings, and the times that it shows. */
async function checkNumbers(page) {
  const worst = new Map();
  const times = new Map(
    await page.$$eval('[data-runtime]', (rows) =>
      rows.map((row) => [row.dataset.runtime, [4, 5].map((k) => row.cells[k].textContent)]),
    ),
  );
  for (const { logits, target } of settings) {
    for (const [k, logit] of logits.entries()) await page.getByLabel(`logit of class ${k + 1}`).fill(String(logit));
    await page.getByLabel(`class ${target + 1} is the right one`).check();
    for (const [name, { option, make }] of Object.entries(losses)) {
      await page.selectOption('#loss', name);
      await ready(page);
      const bounds = boundsOf(make(option.value), logits, target);
      const rows = await page.$$eval('[data-runtime]', (list) =>
        list.map(({ dataset }) => [dataset.runtime, JSON.parse(dataset.result)]),
      );
      for (const [id, got] of rows) {
        const before = worst.get(id) ?? { value: 0, gradient: 0, times: times.get(id) };
        worst.set(id, {
          ...before,
          value: Math.max(before.value, worstRatio([got.value], bounds.value)),
          gradient: Math.max(before.gradient, worstRatio(got.gradient, bounds.gradients.input)),
        });
      }
    }
  }
  return worst;
}

/** The exact loss and gradient, and how far float32 may be from each number. */
function boundsOf(loss, logits, target) {
  const inputs = {
    input: { dtype: 'float32', shape: [1, logits.length], data: Float32Array.from(logits) },
    target: { dtype: 'int32', shape: [1], data: Int32Array.of(target) },
  };
  return lossBounds(loss, inputs, { dtype: 'float32', gradients: ['input'] });
}

function worstRatio(got, { value, bound }) {
  assert.equal(got.length, value.length);
  return Math.max(...got.map((number, k) => (number === value[k] ? 0 : Math.abs(number - value[k]) / bound[k])));
}

/** Every vector of a few losses, by every backend that works here, in the page of conformance. */
async function checkConformance(page, address, backends) {
  await page.setViewportSize({ width: 1280, height: 860 });
  await page.goto(new URL(`conformance.html?run&losses=${sample}&backends=${backends}`, address).href);
  await ready(page);
  const cells = await page.$$eval('[data-backend]', (list) => list.map(({ dataset }) => ({ ...dataset })));
  for (const backend of backends) {
    const own = cells.filter((cell) => cell.backend === backend);
    assert(own.length >= sample.length, `${backend} was not judged`);
    for (const { loss, dtype, passed, total } of own)
      assert.equal(passed, total, `${backend} fails vectors of ${loss} in ${dtype}`);
  }
  console.log(`conformance.html: ${await page.textContent('#progress')}`);
  await page.screenshot({ path: 'out/conformance.png', fullPage: true });
}

async function photograph(page) {
  const picture = (name) => page.screenshot({ path: `out/${name}.png`, fullPage: true });
  await picture('light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await picture('dark');
  await page.setViewportSize({ width: 390, height: 844 });
  await picture('phone');
}
