import { lookup } from 'node:dns/promises';
import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { nodeHeaders } from './build.ts';
import { sizeOf } from './cache.ts';
import { messageOf, oneLine } from './error.ts';
import { inStaging, removeBinding } from './install.ts';
import { findNodeGyp, napiVersion, type TfjsNodePackage } from './locate.ts';
import { run } from './run.ts';

export interface OfficialOptions {
  /** How long the download may stand still. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

/** What the package's install script reads and writes. */
const parts = ['package.json', 'binding.gyp', 'binding', 'scripts'];

/**
 * Runs tfjs-node's own install script, which downloads the TensorFlow library and a prebuilt binding. It rewrites the
 * package's `package.json` while it runs, and leaves half a library behind when it fails, so it runs in a copy, and
 * what it made is moved into the package only when it is whole.
 *
 * @returns why it did not work; undefined if it did.
 */
export async function installOfficially(
  tfjsNode: TfjsNodePackage,
  { timeoutMs, signal }: OfficialOptions,
): Promise<string | undefined> {
  const { directory } = tfjsNode;
  const unreachable = await unreachableHost(directory, timeoutMs);
  signal?.throwIfAborted();
  if (unreachable) return unreachable;
  return inStaging(tfjsNode, async (staging) => {
    for (const part of parts) await cp(join(directory, part), join(staging, part), { recursive: true });
    // It shows its progress on a terminal only: the folder's growth tells.
    const { code, stderr, stdout, stalled } = await run(process.execPath, ['scripts/install.js'], {
      cwd: staging,
      env: await environment(directory, staging),
      signal,
      // Where there is no prebuilt binding, it compiles one after the download, at which the folder may rest for longer.
      stallMs: (output) => (output.includes('* Building') ? Math.max(timeoutMs, 120_000) : timeoutMs),
      watch: () => sizeOf(staging),
    });
    const made = join(staging, 'lib', `napi-v${napiVersion}`, 'tfjs_binding.node');
    if (stalled) return 'its install script made no progress for too long';
    if (code !== 0 || !existsSync(made)) {
      const output = `${stderr}\n${stdout}`.split('\n');
      const line = output.find((text) => /\bError: /.test(text)) ?? `exit ${code}`;
      return `its install script failed: ${oneLine(line, 200)}`;
    }
    if (process.platform === 'win32') await placeWindowsLibrary(staging);
    await removeBinding(tfjsNode);
    await rename(join(staging, 'deps'), join(directory, 'deps'));
    await rename(join(staging, 'lib'), join(directory, 'lib'));
    return undefined;
  });
}

/** A resolver that does not answer would take half a minute to say so. A proxy resolves names itself. */
async function unreachableHost(directory: string, timeoutMs: number): Promise<string | undefined> {
  const { HTTPS_PROXY, https_proxy, HTTP_PROXY, http_proxy, TFJS_NODE_CDN_STORAGE, CDN_STORAGE } = process.env;
  if (HTTPS_PROXY || https_proxy || HTTP_PROXY || http_proxy) return undefined;
  const { binary } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as {
    binary?: { host?: string };
  };
  const from = TFJS_NODE_CDN_STORAGE ?? CDN_STORAGE ?? binary?.host;
  if (!from || !URL.canParse(from)) return undefined;
  const { hostname } = new URL(from);
  const late = new AbortController();
  try {
    await Promise.race([
      lookup(hostname),
      sleep(Math.min(5000, timeoutMs), undefined, { signal: late.signal, ref: false }).then(() => {
        throw new Error('the name server does not answer');
      }),
    ]);
    return undefined;
  } catch (error) {
    return `the host of its downloads can't be found: ${messageOf(error)}`;
  } finally {
    late.abort();
  }
}

/** What a package manager would have given the script: its command on the PATH, wherever the package of it lies. */
async function environment(directory: string, staging: string): Promise<NodeJS.ProcessEnv> {
  const manifest = createRequire(join(directory, 'package.json')).resolve('@mapbox/node-pre-gyp/package.json');
  const command = `"${process.execPath}" "${join(dirname(manifest), 'bin', 'node-pre-gyp')}"`;
  const commands = join(staging, 'commands');
  await mkdir(commands);
  await writeFile(join(commands, 'node-pre-gyp'), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  await writeFile(join(commands, 'node-pre-gyp.cmd'), `@${command} %*\r\n`);
  const [headers, gyp] = [nodeHeaders(), findNodeGyp()];
  return {
    ...process.env,
    PATH: [commands, process.env.PATH].join(delimiter),
    // For the platforms that have a library but no prebuilt binding.
    ...(gyp ? { npm_config_node_gyp: gyp } : {}),
    ...(headers ? { npm_config_nodedir: headers } : {}),
  };
}

/**
 * The script puts the library beside the binding under the number of Node's newest Node-API, where 4.22.0's binding
 * does not look for it.
 */
async function placeWindowsLibrary(staging: string): Promise<void> {
  const library = join(staging, 'deps', 'lib', 'tensorflow.dll');
  const beside = join(staging, 'lib', `napi-v${napiVersion}`, 'tensorflow.dll');
  if (existsSync(library) && !existsSync(beside)) await copyFile(library, beside);
}
