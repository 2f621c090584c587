import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { buildBinding } from '../src/node/build.ts';
import { isIntact, publish } from '../src/node/cache.ts';
import { packageAt } from '../src/node/locate.ts';
import { withLock } from '../src/node/lock.ts';
import { installOfficially } from '../src/node/official.ts';
import { Progress } from '../src/node/progress.ts';
import { run } from '../src/node/run.ts';
import { type SetupOptions, type Steps, setupTfjsNode, setupWith } from '../src/node/setup.ts';
import { tfjsNodeStatus } from '../src/node/status.ts';
import {
  fakePackage,
  freshClone,
  leftIn,
  libraryId,
  publishFakeLibrary,
  removeTemporary,
  temporary,
} from './tfjs-node-fixtures.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  removeTemporary();
});

/** Small stand-ins for the slow steps, that count how often they are called. */
function fakeSteps(library = 'good', binding = 'good') {
  const calls = { fetch: 0, build: 0, official: 0 };
  const steps: Steps = {
    status: tfjsNodeStatus,
    installOfficially: async () => {
      calls.official++;
      return 'the host is away';
    },
    fetchLibrary: async (place) => {
      calls.fetch++;
      return publishFakeLibrary(place, library);
    },
    buildBinding: async (tfjsNode, { id }, { root, drafts }) => {
      calls.build++;
      const draft = join(drafts, 'binding');
      mkdirSync(draft, { recursive: true });
      writeFileSync(join(draft, 'tfjs_binding.node'), binding);
      const folder = join(root, 'binding', `tfjs-node-${tfjsNode.version}-napi8-${id}`);
      await publish(draft, folder);
      return join(folder, 'tfjs_binding.node');
    },
  };
  return { calls, steps };
}

const onLinux = process.platform === 'linux' && (process.arch === 'x64' || process.arch === 'arm64');

// The steps themselves are tried by every `npm start`: they need the network, or what an earlier one kept.
describe.runIf(onLinux)('set-up', () => {
  test('builds, then does nothing, and a second clone takes what was built', async () => {
    const cacheDirectory = temporary();
    const first = fakePackage();
    const messages: string[] = [];
    const { calls, steps } = fakeSteps();
    const options = { cacheDirectory, onProgress: (message: string) => messages.push(message) };
    const built = await setupWith({ ...options, packageDirectory: first }, steps);
    expect(built).toMatchObject({ status: 'built', tensorflow: '1.2.3', binding: packageAt(first).binding });
    expect(messages).toContain('tfjs-node: the host is away');
    expect(built.log).toEqual(messages);
    expect((await setupWith({ ...options, packageDirectory: first }, steps)).status).toBe('ready');

    expect((await setupWith({ ...options, packageDirectory: fakePackage() }, steps)).status).toBe('built');
    expect(calls).toEqual({ official: 1, fetch: 1, build: 1 });
    expect(readdirSync(join(cacheDirectory, 'tfjs-node')).sort()).toEqual(['binding', 'library', 'status']);
  });

  test('two at once: the second waits and finds it ready', async () => {
    const options: SetupOptions = { cacheDirectory: temporary(), packageDirectory: fakePackage(), official: false };
    const { calls, steps } = fakeSteps();
    const results = await Promise.all([setupWith(options, steps), setupWith(options, steps)]);
    expect(results.map(({ status }) => status).sort()).toEqual(['built', 'ready']);
    expect(results.flatMap(({ log }) => log)).toContain(
      `tfjs-node: waiting for another set-up (process ${process.pid}) to end…`,
    );
    expect(calls).toEqual({ official: 0, fetch: 1, build: 1 });
  });

  test.each(['library', 'binding'])('a damaged %s in the cache is noticed and made again', async (part) => {
    const cacheDirectory = temporary();
    const { calls, steps } = fakeSteps();
    const options = { cacheDirectory, official: false };
    await setupWith({ ...options, packageDirectory: fakePackage() }, steps);
    const file = {
      library: join('library', libraryId, 'lib', 'libtensorflow_cc.so.2'),
      binding: join('binding', `tfjs-node-4.22.0-napi8-${libraryId}`, 'tfjs_binding.node'),
    }[part];
    // Of the same length, so that only the checksum can tell.
    writeFileSync(join(cacheDirectory, 'tfjs-node', file!), 'evil');
    expect((await setupWith({ ...options, packageDirectory: fakePackage() }, steps)).status).toBe('built');
    expect(calls).toEqual({ official: 0, fetch: part === 'library' ? 2 : 1, build: 2 });
  });

  test('mends a package whose cache was deleted', async () => {
    const packageDirectory = fakePackage();
    const cacheDirectory = temporary();
    const { steps } = fakeSteps();
    await setupWith({ cacheDirectory, packageDirectory }, steps);
    rmSync(join(cacheDirectory, 'tfjs-node', 'library'), { recursive: true });
    expect(await tfjsNodeStatus({ cacheDirectory, packageDirectory })).toMatchObject({ available: false });
    expect((await setupWith({ cacheDirectory, packageDirectory }, steps)).status).toBe('built');
  });

  test('what was built but does not load is taken out again, with the reason', async () => {
    const packageDirectory = fakePackage();
    const { steps } = fakeSteps('good', 'crash');
    const error = await setupWith({ cacheDirectory: temporary(), packageDirectory }, steps).catch((thrown) => thrown);
    expect(error).toMatchObject({ name: 'TfjsNodeUnavailableError', reason: expect.stringContaining('SIGABRT') });
    expect(error.message).not.toContain('\n');
    expect(leftIn(packageDirectory)).toEqual([]);
  });

  test('interrupted, it leaves neither lock nor drafts, and can be repeated', async () => {
    const options = { cacheDirectory: temporary(), packageDirectory: fakePackage(), official: false };
    const { steps } = fakeSteps();
    const interrupt = new AbortController();
    const buildBinding: Steps['buildBinding'] = async (_package, _library, { drafts }, _progress, signal) => {
      mkdirSync(drafts, { recursive: true });
      setTimeout(() => interrupt.abort(new Error('stopped by the user')), 100);
      await run('sleep', ['60'], { signal });
      return '';
    };
    const attempt = setupWith({ ...options, signal: interrupt.signal }, { ...steps, buildBinding });
    await expect(attempt).rejects.toThrow('stopped by the user');
    expect(readdirSync(join(options.cacheDirectory, 'tfjs-node'))).toEqual(['library']);
    expect((await setupWith(options, steps)).status).toBe('built');
  });

  test('without Python: the reason and the remedy', async () => {
    vi.stubEnv('PATH', temporary());
    vi.stubEnv('PYTHON', undefined);
    vi.stubEnv('npm_config_python', undefined);
    const options = { cacheDirectory: temporary(), packageDirectory: fakePackage(), official: false };
    await expect(setupTfjsNode(options)).rejects.toMatchObject({
      name: 'TfjsNodeUnavailableError',
      reason: expect.stringContaining('needs Python 3'),
      remedy: expect.stringContaining('install Python'),
    });
    expect(leftIn(options.packageDirectory)).toEqual([]);
  });

  test('a build that fails says why, and where its messages are', async () => {
    const root = temporary();
    const place = { root, drafts: join(root, 'drafts') };
    const library = await publishFakeLibrary(place);
    const clone = packageAt(freshClone());
    const error = await buildBinding(clone, library, place, new Progress()).catch((thrown) => thrown);
    expect(error.name).toBe('TfjsNodeUnavailableError');
    expect(error.reason).toMatch(/c_api\.h/);
    expect(readFileSync(join(root, 'build.log'), 'utf8')).toContain('c_api.h');
    expect(leftIn(clone.directory)).toEqual([]);
  });
});

describe("the package's own install script", () => {
  test.each([
    ['does not answer', 'no progress', undefined],
    ['answers 404', 'Error', 404],
  ])('a host that %s costs little and leaves nothing behind', async (_name, reason, status) => {
    const server = createServer((_request, response) => {
      if (status) response.writeHead(status).end('not here');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    vi.stubEnv('TFJS_NODE_CDN_STORAGE', `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']) vi.stubEnv(name, undefined);
    const clone = packageAt(freshClone());
    const manifest = readFileSync(join(clone.directory, 'package.json'), 'utf8');
    expect(await installOfficially(clone, { timeoutMs: 1500 })).toContain(reason);
    expect(leftIn(clone.directory)).toEqual([]);
    expect(readFileSync(join(clone.directory, 'package.json'), 'utf8')).toBe(manifest);
    server.closeAllConnections();
    server.close();
  });
});

describe('the lock', () => {
  const stale = (path: string, pid: number, host = hostname()) =>
    writeFileSync(path, JSON.stringify({ pid, host, token: 'old' }));

  test('of a dead process is taken over, and removed in the end', async () => {
    const path = join(temporary(), 'lock');
    const { pid } = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
    await vi.waitFor(() => expect(() => process.kill(pid!, 0)).toThrow(), 5000);
    stale(path, pid!);
    expect(await withLock(path, {}, async () => 'done')).toBe('done');
    expect(existsSync(path)).toBe(false);
  });

  test('of another machine is taken over when it has not been touched for long', async () => {
    const path = join(temporary(), 'lock');
    stale(path, 1, 'elsewhere');
    const waiting = vi.fn();
    expect(await withLock(path, { staleMs: 300, pollMs: 50, onWait: waiting }, async () => 'done')).toBe('done');
    expect(waiting).toHaveBeenCalledOnce();
  });

  test('lets one in at a time', async () => {
    const path = join(temporary(), 'lock');
    let inside = 0;
    const work = async () => {
      expect(++inside).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 20));
      inside--;
    };
    await Promise.all(Array.from({ length: 8 }, () => withLock(path, { pollMs: 5 }, work)));
  });
});

test('a folder is intact until a byte of it changes', async () => {
  const root = temporary();
  const { directory } = await publishFakeLibrary({ root, drafts: join(root, 'drafts') });
  expect(await isIntact(directory)).toBe(true);
  writeFileSync(join(directory, 'lib', 'libtensorflow_cc.so.2'), 'gooD');
  expect(await isIntact(directory)).toBe(false);
  expect(await isIntact(join(root, 'nothing'))).toBe(false);
});

test('a package without a binding says so', async () => {
  const packageDirectory = fakePackage();
  expect(await tfjsNodeStatus({ packageDirectory, cacheDirectory: temporary() })).toEqual({
    available: false,
    reason: 'its native binding is not there: its install script did not run',
    remedy: 'isoloss setup tfjs-node',
  });
});
