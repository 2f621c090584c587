import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { backend, Report } from './browser-program.ts';
import { bundled, removeBundles } from './bundle.ts';

// In Chromium, from a server of our own. A person without one is told so; in CI it must be there (`.ci/run` installs it).
const places = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const chromium = places.find((place) => place !== undefined && existsSync(place));
const missing = 'Chromium is not here: install it (apt-get install chromium), or say where it is by CHROMIUM';
if (chromium === undefined && !process.env.CI) console.warn(`Left out, since ${missing}`);

const program = `
  import { backend, compute } from './test/browser-program.ts';
  const { searchParams } = new URL(location.href);
  if (searchParams.has('worker') && typeof document !== 'undefined')
    new Worker(location.href.replace('page?', 'bundle.mjs?'), { type: 'module' });
  else
    (searchParams.has('backend') ? backend() : compute(Number(searchParams.get('threads'))))
      .catch((error) => ({ error: String(error.stack) }))
      .then((report) => fetch('result?' + searchParams, { method: 'POST', body: JSON.stringify(report) }));
`;

const nodeProgram = `
  import { compute } from './test/browser-program.ts';
  console.log(JSON.stringify(await compute(1)));
`;

let server: Server;
let address: string;
let bundle: string;
let nodeBundle: string;
const answers = new Map<string, (report: string) => void>();

beforeAll(async () => {
  [bundle, nodeBundle] = await Promise.all([
    bundled(program, { platform: 'browser' }),
    bundled(nodeProgram, { platform: 'node' }),
  ]);
  const files: Record<string, [type: string, text: string]> = {
    page: [
      'text/html',
      '<!doctype html><script type="module">import(location.href.replace("page?", "bundle.mjs?"))</script>',
    ],
    'bundle.mjs': ['text/javascript', readFileSync(bundle, 'utf8')],
    'worker.js': ['text/javascript', readFileSync(path.join(path.dirname(bundle), 'worker.js'), 'utf8')],
  };
  server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://localhost');
    const [, kind, name] = url.pathname.split('/') as [string, string, string];
    if (kind === 'isolated') {
      response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
      response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    }
    // WebAssembly may be compiled, strings may not be run.
    const policy = kind === 'strict' ? '' : "'wasm-unsafe-eval'";
    response.setHeader('Content-Security-Policy', `script-src 'self' 'unsafe-inline' ${policy}`);
    if (request.method === 'POST') {
      let body = '';
      request.on('data', (part) => {
        body += part;
      });
      request.on('end', () => {
        answers.get(`${kind}?${url.searchParams}`)?.(body);
        response.end();
      });
    } else if (files[name] !== undefined) {
      const [type, text] = files[name];
      response.setHeader('Content-Type', type);
      response.end(text);
    } else {
      response.statusCode = 404;
      response.end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server?.closeAllConnections();
  server?.close();
  removeBundles();
});

/** Opens a page, and gives what it sends back. */
async function inBrowser<R = Report>(
  kind: 'plain' | 'isolated' | 'strict',
  query: string,
): Promise<R & { error?: string }> {
  const profile = mkdtempSync(path.join(tmpdir(), 'isoloss-chromium-'));
  const answer = new Promise<string>((resolve) => answers.set(`${kind}?${query}`, resolve));
  const browser = spawn(
    chromium!,
    [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-extensions'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
      ...[`--user-data-dir=${profile}`, `${address}/${kind}/page?${query}`],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = new Promise<void>((resolve) => browser.once('close', () => resolve()));
  let log = '';
  browser.stderr.on('data', (part) => {
    log = (log + part).slice(-4000);
  });
  try {
    const silence = new Promise<never>((_, reject) => {
      const fail = (why: string) => reject(new Error(`${chromium} ${why}:\n${log}`));
      browser.once('error', (error) => fail(error.message));
      browser.once('close', (code) => fail(`ended with ${code}`));
      setTimeout(() => fail('has not answered'), 100_000).unref();
    });
    return JSON.parse(await Promise.race([answer, silence])) as R & { error?: string };
  } finally {
    browser.kill('SIGKILL');
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

describe.skipIf(chromium === undefined && !process.env.CI)('in Chromium', { timeout: 120_000 }, () => {
  let wanted: Report['sums'];
  beforeAll(() => {
    // From the same sources at the same time.
    const { status, stdout, stderr } = spawnSync(process.execPath, [nodeBundle], { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    wanted = JSON.parse(stdout).sums;
    expect(Object.keys(wanted).length).toBeGreaterThanOrEqual(8);
  });

  test('there is one', () => expect(chromium, missing).toBeDefined());

  test('one thread: Node’s bits', async () => {
    expect(await inBrowser('plain', 'threads=1')).toEqual({ sums: wanted, ready: 0, shared: 0 });
  });

  test('two threads, where the page is isolated', async () => {
    const { sums, ready, shared, error } = await inBrowser('isolated', 'threads=2');
    expect({ sums, ready, error }).toEqual({ sums: wanted, ready: 1, error: undefined });
    expect(shared).toBeGreaterThan(3);
  });

  test('threads of a worker of the page', async () => {
    const { sums, ready, shared, error } = await inBrowser('isolated', 'threads=2&worker=');
    expect({ sums, ready, error }).toEqual({ sums: wanted, ready: 1, error: undefined });
    expect(shared).toBeGreaterThan(3);
  });

  test('threads where the page is not isolated: an error that says which headers are missing', async () => {
    const { error } = await inBrowser('plain', 'threads=2');
    expect(error).toMatch(
      /UnsupportedError: @isoloss\/wasm can't run: threads need shared memory: .*Cross-Origin-Opener/,
    );
  });

  test('where a policy forbids to compile WebAssembly: an error, and a backend that computes all the same', async () => {
    const { error } = await inBrowser('strict', 'threads=1');
    expect(error).toMatch(/^UnsupportedError: @isoloss\/wasm can't run: WebAssembly may not be compiled here/);
    const { runtime, notes, value } = await inBrowser<Awaited<ReturnType<typeof backend>>>('strict', 'backend=');
    expect({ runtime, value }).toEqual({ runtime: 'the reference interpreter', value: 1 });
    expect(notes[0]).toMatch(/^WebAssembly may not be compiled here.*: the reference runs instead, slowly$/);
  });
});

test('a bundle for browsers imports nothing of Node, and runs no strings', async () => {
  // zod, which comes with the definitions, asks whether it may run a string; the pages above forbid it.
  const alone = await bundled("export * from '@isoloss/wasm';", { platform: 'browser', external: ['@isoloss/core'] });
  for (const file of [alone, path.join(path.dirname(alone), 'worker.js')]) {
    const text = readFileSync(file, 'utf8');
    expect(text.match(/["'`]node:|\brequire\(|\beval\(|\bnew Function\b|\bimport\(/g), file).toBeNull();
    for (const [, from] of text.matchAll(/^(?:import|export)\b.* from ["'](.+)["']/gm))
      expect(from).toBe('@isoloss/core');
  }
  expect(readFileSync(bundle, 'utf8').match(/["'`]node:/g)).toBeNull();
});
