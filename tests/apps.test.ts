import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const apps = path.resolve(import.meta.dirname, '../apps');
const names = readdirSync(apps).filter((name) => existsSync(path.join(apps, name, 'package.json')));
// An example takes less than a minute by itself; here other tests run beside it.
const limit = 240_000;

// As a user's shell would have it: nothing of the test runner, and no condition that leads to our sources.
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(NODE_OPTIONS$|NODE_ENV$|VITEST|npm_)/.test(name)),
);

/** Runs `npm start`. Whatever of it still runs after that, or after the limit, is ended and told of. */
function start(cwd: string): Promise<{ ending: string; output: string }> {
  return new Promise((resolve, reject) => {
    const windows = process.platform === 'win32';
    const child = spawn('npm', ['start'], {
      cwd,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: windows,
      detached: !windows,
    });
    let output = '';
    let ending = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    const end = (reason: string): void => {
      ending ||= reason;
      if (windows) execFileSync('taskkill', ['/pid', String(child.pid), '/t', '/f']);
      else process.kill(-child.pid!, 'SIGKILL');
    };
    const timer = setTimeout(() => end(`still running after ${limit / 1000} s`), limit);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const left = windows ? [] : running(child.pid!);
      if (left.length > 0) end(`left running: ${left.join('; ')}`);
      resolve({ ending: ending || `exit ${code ?? signal}`, output });
    });
  });
}

/** The command lines of a process group; of one that is only waiting to be reaped there is none. */
function running(group: number): string[] {
  const list = execFileSync('ps', ['-A', '-o', 'pgid=,stat=,args='], { encoding: 'utf8' });
  return list.split('\n').flatMap((line) => {
    const [, pgid, state, command] = /^\s*(\d+) +(\S+) +(.*)$/.exec(line) ?? [];
    return Number(pgid) === group && !state!.startsWith('Z') ? [command!] : [];
  });
}

const passedOver = new Set(['out', 'node_modules', '.venv']);

/** Every file of the folder with a hash of what is in it, but for `out/` and what was installed. */
function contents(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !passedOver.has(name))
    .flatMap((entry) => {
      const place = path.join(folder, entry.name);
      if (entry.isDirectory()) return contents(place);
      return [`${place} ${createHash('sha256').update(readFileSync(place)).digest('hex')}`];
    });
}

const ours = /^(@isoloss\/|isoloss$)/;

describe.each(names)('apps/%s', (name) => {
  const folder = path.join(apps, name);
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const dependencies: [string, string][] = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });

  test('is a project that works when it is copied', () => {
    expect(manifest).toMatchObject({ name: `isoloss-example-${name}`, private: true });
    expect(existsSync(path.join(folder, 'README.md'))).toBe(true);
    for (const [dependency, range] of dependencies)
      expect(range, dependency).toMatch(ours.test(dependency) ? /^workspace:\*$/ : /^\d+\.\d+\.\d+/);
    // They are not run for those who install with scripts blocked, as npm 11 and pnpm 10 do.
    for (const script of ['preinstall', 'install', 'postinstall', 'prepare'])
      expect(manifest.scripts).not.toHaveProperty(script);
  });

  test('takes our packages as they are built', () => {
    const used = dependencies.map(([dependency]) => dependency).filter((dependency) => ours.test(dependency));
    expect(used).not.toEqual([]);
    for (const dependency of used) {
      const entry = execFileSync(process.execPath, ['-p', `require.resolve('${dependency}')`], {
        cwd: folder,
        env: environment,
        encoding: 'utf8',
      });
      expect(entry).toMatch(/[\\/]dist[\\/]index\.js$/m);
    }
  });

  test('npm start', { timeout: limit + 30_000 }, async () => {
    const before = contents(folder);
    const { ending, output } = await start(folder);
    expect(ending, output).toBe('exit 0');
    expect(contents(folder)).toEqual(before);
  });
});

test('apps/README.md has every example', () => {
  const page = readFileSync(path.join(apps, 'README.md'), 'utf8');
  const rows = [...page.matchAll(/^\| \[(.+)\]\(\1\) /gm)].map((row) => row[1]);
  expect(names).not.toEqual([]);
  for (const name of names) expect(rows).toContain(name);
});
