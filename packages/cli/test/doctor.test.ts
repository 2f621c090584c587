import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findEnvironment } from '../src/doctor/environment.ts';
import { knownBad } from '../src/doctor/known-bad.ts';
import { formatBytes, formatTime, parseBytes, parseTime } from '../src/doctor/units.ts';
import { ensureBuilt, isoloss } from './command.ts';
import { parseReport } from './doctor-schema.ts';

beforeAll(ensureBuilt);

describe('isoloss doctor here', () => {
  it('says of the machine and of every backend what it found, in the form of its schema', async () => {
    const { code, stdout } = await isoloss(['doctor', '--json']);
    const report = parseReport(stdout);
    expect(report.environment.runtime).toEqual({ name: 'node', version: process.versions.node });
    expect(report.environment.cores.available).toBeGreaterThan(0);
    expect(report.backends.map(({ id }) => id).slice(0, 2)).toEqual(['reference', 'wasm']);
    const [reference, wasm] = report.backends;
    expect(reference).toMatchObject({ status: 'works', loadable: true, dtypes: ['float32', 'float64'] });
    expect(wasm).toMatchObject({ status: 'works', threads: report.environment.cores.available });
    expect(code).toBe(report.ok ? 0 : 1);
  });

  it('is a page for people, and refuses what it can’t use with the remedy', async () => {
    const [page, help, unknown, time] = await Promise.all([
      isoloss(['doctor', '--backend', 'reference,wasm']),
      isoloss(['doctor', '--help']),
      isoloss(['doctor', '--backend', 'torch']),
      isoloss(['doctor', '--timeout', 'soon']),
    ]);
    expect(page).toMatchObject({ code: 0, stdout: expect.stringMatching(/^cores +\d+ \(/m) });
    expect(page.stdout).toMatch(/^✔ wasm +WebAssembly SIMD, .*float32 float64/m);
    expect(help.stdout).toContain('Exit code 0 if nothing is broken');
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('there are reference, wasm') });
    expect(time).toMatchObject({ code: 2, stderr: expect.stringContaining('a number of seconds') });
  });
});

describe('the machine', () => {
  const roots: string[] = [];
  afterAll(() => {
    for (const folder of roots) rmSync(folder, { recursive: true, force: true });
  });
  const machine = (files: Record<string, string>) => {
    const folder = mkdtempSync(join(tmpdir(), 'isoloss-root-'));
    roots.push(folder);
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return findEnvironment({ root: folder, platform: 'linux' });
  };

  it('reads the limits of a container of either version, of the tightest group', () => {
    const second = machine({
      'proc/self/cgroup': '0::/pod/app\n',
      'sys/fs/cgroup/cgroup.controllers': 'cpu memory\n',
      'sys/fs/cgroup/pod/memory.max': '536870912\n',
      'sys/fs/cgroup/pod/app/memory.max': 'max\n',
      'sys/fs/cgroup/pod/app/cpu.max': '150000 100000\n',
    });
    expect(second).toMatchObject({ cgroup: 2, memory: { limit: 536870912 }, cores: { quota: 1.5 } });
    // As inside a container: the path is the host's, and not there.
    const first = machine({
      'proc/self/cgroup': '4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n',
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '268435456\n',
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '50000\n',
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    });
    expect(first).toMatchObject({ cgroup: 1, memory: { limit: 268435456 }, cores: { quota: 0.5 } });
    const free = machine({
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
    });
    expect(free).toMatchObject({ cgroup: 1, memory: { limit: null }, cores: { quota: null } });
    expect(machine({})).toMatchObject({ cgroup: null, memory: { limit: null }, cores: { quota: null } });
  });

  it('knows musl by its loader, and what does not work on it', () => {
    const alpine = machine({ 'lib/ld-musl-x86_64.so.1': '', 'etc/os-release': 'PRETTY_NAME="Alpine Linux v3.24"\n' });
    expect(alpine).toMatchObject({ libc: { family: 'musl' }, os: { name: 'Alpine Linux v3.24' } });
    const hits = (name: string, version: string, environment: object) =>
      knownBad({ name, version }, { ...alpine, libc: null, ...environment });
    for (const name of ['onnxruntime-node', '@tensorflow/tfjs-node'])
      expect(knownBad({ name, version: '4.22.0' }, alpine)).toMatchObject([{ effect: 'breaks' }]);
    const node = (version: string) => ({ runtime: { name: 'node', version } });
    expect(hits('@tensorflow/tfjs-node', '4.22.0', node('24.1.0'))).toMatchObject([{ effect: 'handled' }]);
    expect(hits('@tensorflow/tfjs-node', '4.22.0', node('22.1.0'))).toEqual([]);
    expect(hits('onnxruntime-node', '1.30.0', node('24.1.0'))).toMatchObject([
      { effect: 'limits', what: expect.stringContaining('float16') },
    ]);
    expect(hits('onnxruntime-node', '1.31.0', node('24.1.0'))).toEqual([]);
    const mac = { ...node('20.19.0'), os: { platform: 'darwin', release: '' }, arch: 'x64' };
    expect(hits('onnxruntime-node', '1.30.0', mac)).toMatchObject([{ effect: 'breaks' }]);
    expect(hits('onnxruntime-node', '1.30.0', { ...mac, arch: 'arm64' })).toEqual([]);
  });
});

it('reads and writes sizes and times', () => {
  expect(['50MB', '1.5 GB', '64MiB', '1000', '0.5k'].map(parseBytes)).toEqual([5e7, 1.5e9, 67108864, 1000, 500]);
  expect(['', 'MB', '5 miles', '-1MB', '5iB'].map(parseBytes)).toEqual(Array(5).fill(undefined));
  expect(['500ms', '2s', '0.25 s', '40'].map(parseTime)).toEqual([500, 2000, 250, 40]);
  expect(['fast', '1h', '-2s'].map(parseTime)).toEqual(Array(3).fill(undefined));
  expect([0, 999, 1e3, 46e6, 288.4e6, 1.04e9].map(formatBytes)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '46 MB',
    '288 MB',
    '1.0 GB',
  ]);
  expect([0.0123, 1.234, 12.34, 1234].map(formatTime)).toEqual(['12.3 µs', '1.23 ms', '12.3 ms', '1.23 s']);
});
