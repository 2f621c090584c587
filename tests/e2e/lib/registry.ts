import { execFile, fork } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** A registry on loopback that has what is published to it, and everything else from upstream. */
export interface Registry {
  readonly url: string;
  /** The end of what it wrote. */
  log(): string;
  stop(): Promise<void>;
}

/** What npm is set to here; in no file of the project, since it differs from machine to machine. */
const npmConfig = async (key: string): Promise<string | undefined> => {
  const { stdout } = await execute('npm', ['config', 'get', key]);
  const value = stdout.trim();
  return value === '' || value === 'null' || value === 'undefined' ? undefined : value;
};

/** Why the registry that npm is set to can't be used, or undefined if it answers. */
export async function upstreamProblem(): Promise<string | undefined> {
  try {
    await execute('npm', ['ping', '--fetch-retries=0', '--fetch-timeout=20000']);
    return undefined;
  } catch (error) {
    return (error as { stderr?: string }).stderr?.split('\n').find((line) => /error/i.test(line)) ?? String(error);
  }
}

/**
 * Starts Verdaccio on a free port, all that it keeps in `folder`. It ends with this process, whatever ends that.
 *
 * @param own patterns of names that are never asked for upstream: what is published here is all there is of them
 */
export async function startRegistry(folder: string, own: readonly string[]): Promise<Registry> {
  mkdirSync(folder, { recursive: true });
  const [url, cafile, httpProxy, httpsProxy] = await Promise.all(
    ['registry', 'cafile', 'proxy', 'https-proxy'].map(npmConfig),
  );
  const access = { access: '$all', publish: '$all', unpublish: '$all' };
  const file = path.join(folder, 'config.yaml');
  // A yaml file that is JSON, since JSON is yaml.
  writeFileSync(
    file,
    JSON.stringify({
      storage: path.join(folder, 'storage'),
      uplinks: {
        upstream: {
          url,
          ...(httpProxy === undefined ? {} : { http_proxy: httpProxy }),
          ...(httpsProxy === undefined ? {} : { https_proxy: httpsProxy }),
          timeout: '120s',
          // Metadata is asked for once in a run.
          maxage: '60m',
          max_fails: 20,
          fail_timeout: '10s',
        },
      },
      packages: {
        ...Object.fromEntries(own.map((pattern) => [pattern, access])),
        '**': { access: '$all', proxy: 'upstream' },
      },
      server: { keepAliveTimeout: 60 },
      // A tarball of the vectors is far over the default of 10 MB.
      max_body_size: '200mb',
      web: { enable: false },
      userRateLimit: { windowMs: 1000, max: 100_000 },
      log: { type: 'stdout', format: 'json', level: 'warn' },
    }),
  );
  const logFile = path.join(folder, 'verdaccio.log');
  const child = fork(path.join(import.meta.dirname, 'registry-process.mjs'), [file], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
    env: { ...process.env, ...(cafile === undefined ? {} : { NODE_EXTRA_CA_CERTS: cafile }) },
  });
  const log = createWriteStream(logFile);
  child.stdout!.pipe(log, { end: false });
  child.stderr!.pipe(log, { end: false });
  const ended = new Promise<void>((resolve) => child.once('close', () => log.end(resolve)));
  // A warning of Verdaccio's holds a stack three times.
  const tail = () =>
    readFileSync(logFile, 'utf8')
      .split('\n')
      .slice(-10)
      .map((line) => line.slice(0, 400))
      .join('\n');
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve((message as { port: number }).port));
    child.once('error', reject);
    void ended.then(() => reject(new Error(`Verdaccio did not start\n${tail()}`)));
  });
  return {
    url: `http://127.0.0.1:${port}/`,
    log: tail,
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
