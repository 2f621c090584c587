// Builds the page, serves it, and checks its numbers in a browser without a window.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { build, preview } from 'vite';
import { findBrowser, remedy } from './find-browser.mjs';

console.log('Building…');
await build({ logLevel: 'warn' });
const server = await preview({ preview: { port: 0, host: '127.0.0.1' } });
try {
  const [address] = server.resolvedUrls.local;
  await checkSite(address);
  console.log('Built to out/site; all of it is served, with the headers for threads.');
  const executable = findBrowser();
  if (executable !== undefined) {
    const { checkPage } = await import('./check-page.mjs');
    await checkPage(executable, address);
  } else if (process.env.ISOLOSS_REQUIRE_BROWSER === '1') {
    throw new Error(`no Chromium or Chrome is here: ${remedy}`);
  } else {
    console.log(`LEFT OUT: the numbers were not checked in a browser, for none is here: ${remedy}`);
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await server.close();
}

/** Whether all that was built comes, with the headers that let threads share memory. */
async function checkSite(address) {
  const files = readdirSync(new URL('out/site/assets', import.meta.url)).map((name) => `assets/${name}`);
  for (const part of ['ort-wasm', 'tfjs-backend-wasm', 'worker', 'crossEntropy'])
    assert(
      files.some((name) => name.includes(part)),
      `the site lacks ${part}`,
    );
  for (const name of ['index.html', 'conformance.html', ...files]) {
    const { ok, headers } = await fetch(new URL(name, address), { method: 'HEAD' });
    assert(ok, `${name} is not served`);
    if (name.endsWith('.wasm')) assert.equal(headers.get('content-type'), 'application/wasm', name);
    assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin', name);
    assert.equal(headers.get('cross-origin-embedder-policy'), 'require-corp', name);
  }
}
