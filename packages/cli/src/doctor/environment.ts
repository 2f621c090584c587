import { existsSync, readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';

/** Where we run: what decides which backends can work, and how fast. */
export interface Environment {
  readonly runtime: { readonly name: 'node' | 'bun' | 'deno'; readonly version: string };
  readonly os: { readonly platform: NodeJS.Platform; readonly release: string; readonly name?: string };
  readonly arch: string;
  /** Of Linux: native packages are built for one of the two, nearly always for glibc. */
  readonly libc: { readonly family: 'glibc' | 'musl'; readonly version?: string } | null;
  readonly processor: string;
  readonly cores: {
    /** In the machine. */
    readonly total: number;
    /** That this process may run on. */
    readonly available: number;
    /** What the container may use of them, as `docker run --cpus`; null if it may use all. */
    readonly quota: number | null;
  };
  readonly memory: {
    readonly total: number;
    /** What the container may use; null if it may use all. */
    readonly limit: number | null;
    readonly free: number;
  };
  /** Which kind of control group the limits are of; null where there is none. */
  readonly cgroup: 1 | 2 | null;
}

export interface EnvironmentOptions {
  /** In place of `/`, for tests of containers that we don't run in. */
  readonly root?: string;
  readonly platform?: NodeJS.Platform;
}

export function findEnvironment({ root = '/', platform = process.platform }: EnvironmentOptions = {}): Environment {
  const limits = platform === 'linux' ? cgroupLimits(root) : undefined;
  const name = platform === 'linux' ? distribution(root) : undefined;
  return {
    runtime: runtime(),
    os: { platform, release: os.release(), ...(name === undefined ? {} : { name }) },
    arch: process.arch,
    libc: platform === 'linux' ? libc(root) : null,
    processor: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: { total: os.cpus().length, available: os.availableParallelism(), quota: limits?.cores ?? null },
    memory: { total: os.totalmem(), limit: limits?.memory ?? null, free: os.freemem() },
    cgroup: limits?.version ?? null,
  };
}

function runtime(): Environment['runtime'] {
  // Both call themselves Node, too: what is theirs alone comes first.
  const { bun, deno, node } = process.versions;
  if (bun !== undefined) return { name: 'bun', version: bun };
  if (deno !== undefined) return { name: 'deno', version: deno };
  return { name: 'node', version: node };
}

const read = (...path: string[]): string | undefined => {
  try {
    return readFileSync(join(...path), 'utf8').trim();
  } catch {
    return undefined;
  }
};

const distribution = (root: string): string | undefined =>
  /^PRETTY_NAME="?(.+?)"?$/m.exec(read(root, 'etc/os-release') ?? '')?.[1];

function libc(root: string): Environment['libc'] {
  // The process's own report names the glibc that it runs with; musl has no such entry, but a loader of its own.
  if (root === '/') {
    const report = process.report as typeof process.report & { excludeNetwork?: boolean };
    // Else it looks up the name of every peer of every socket.
    report.excludeNetwork = true;
    const { header } = report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
    if (header.glibcVersionRuntime !== undefined) return { family: 'glibc', version: header.glibcVersionRuntime };
  }
  const musl = existsSync(join(root, 'lib')) && readdirSync(join(root, 'lib')).some((name) => /^ld-musl-/.test(name));
  return { family: musl ? 'musl' : 'glibc' };
}

interface Limits {
  readonly version: 1 | 2;
  readonly memory: number | null;
  readonly cores: number | null;
}

/** The tightest limits of the process's control groups: a limit of any group above it holds as well. */
function cgroupLimits(root: string): Limits | undefined {
  const groups = (read(root, 'proc/self/cgroup') ?? '').split('\n').map((line) => line.split(':'));
  const mount = join(root, 'sys/fs/cgroup');
  const pathOf = (controller: string) => groups.find(([, names]) => names?.split(',').includes(controller))?.[2];
  if (existsSync(join(mount, 'cgroup.controllers'))) {
    const folders = upwards(groups.find(([id]) => id === '0')?.[2] ?? '/');
    return {
      version: 2,
      memory: least(folders.map((folder) => bytes(read(mount, folder, 'memory.max')))),
      cores: least(
        folders.map((folder) => {
          const [quota, period] = (read(mount, folder, 'cpu.max') ?? 'max').split(' ');
          return share(quota, period);
        }),
      ),
    };
  }
  if (!existsSync(join(mount, 'memory')) && !existsSync(join(mount, 'cpu'))) return undefined;
  const memory = upwards(pathOf('memory') ?? '/').map((folder) =>
    bytes(read(mount, 'memory', folder, 'memory.limit_in_bytes')),
  );
  const cores = upwards(pathOf('cpu') ?? '/').map((folder) =>
    share(read(mount, 'cpu', folder, 'cpu.cfs_quota_us'), read(mount, 'cpu', folder, 'cpu.cfs_period_us')),
  );
  return { version: 1, memory: least(memory), cores: least(cores) };
}

/** `/a/b` as `/a/b`, `/a`, `/`. Inside a container the path may be the host's, of which only `/` exists. */
const upwards = (path: string): string[] => {
  const parts = path.split('/').filter(Boolean);
  return Array.from({ length: parts.length + 1 }, (_, k) => `/${parts.slice(0, parts.length - k).join('/')}`);
};

const least = (limits: readonly (number | null)[]): number | null => {
  const known = limits.filter((limit) => limit !== null);
  return known.length === 0 ? null : Math.min(...known);
};

/** Version 1 writes "no limit" as the largest multiple of a page. */
function bytes(text: string | undefined): number | null {
  const value = Number(text);
  return text === undefined || text === 'max' || !(value > 0) || value >= 2 ** 62 ? null : value;
}

function share(quota: string | undefined, period: string | undefined): number | null {
  const [q, p] = [Number(quota), Number(period)];
  return q > 0 && p > 0 ? q / p : null;
}
