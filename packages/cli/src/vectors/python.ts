import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, UnavailableError, UsageError } from '../errors.ts';

/** The oldest Python that the oracle's libraries have releases for. */
const oldest = [3, 11] as const;

const windows = process.platform === 'win32';

/** What a Python must say of itself: its version, and that the oracle's libraries are there. */
const libraries = 'mpmath, numpy, jsonschema';
const askVersion = 'import sys; print(*sys.version_info[:3], sep=".")';

interface Ran {
  readonly failed: boolean;
  readonly missing: boolean;
  readonly stdout: string;
  /** The last line of what it said: where Python and pip say what is wrong. */
  readonly last: string;
}

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  return new Promise((done) =>
    execFile(command, args, { env: { ...process.env, ...env }, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const lines = `${stdout}\n${stderr}`.split('\n').map((line) => line.trim());
      const said = lines.filter((line) => line !== '' && !line.startsWith('[notice]'));
      done({
        failed: error !== null,
        missing: (error as NodeJS.ErrnoException | null)?.code === 'ENOENT',
        stdout: stdout.trim(),
        last: said.at(-1) ?? (error === null ? '' : messageOf(error)),
      });
    }),
  );
}

/**
 * An interpreter that was named, if the oracle runs on it.
 * @throws UsageError with the remedy
 */
export async function givenPython(interpreter: string, requirements: string): Promise<string> {
  await checkVersion(interpreter, () => new UsageError(`--python ${interpreter}: there is no such program`));
  const { failed, last } = await run(interpreter, ['-c', `import ${libraries}`]);
  if (failed)
    throw new UsageError(
      `--python ${interpreter}: ${last}; ${interpreter} -m pip install -r ${requirements} puts it right, and without --python an environment is set up`,
    );
  return interpreter;
}

async function checkVersion(interpreter: string, absent: () => Error): Promise<void> {
  const { failed, missing, stdout, last } = await run(interpreter, ['-c', askVersion]);
  if (missing) throw absent();
  if (failed) throw new UnavailableError(`${interpreter} does not run: ${last}`);
  const [major = 0, minor = 0] = stdout.split('.').map(Number);
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1]))
    throw new UnavailableError(
      `${interpreter} is Python ${stdout}, and the oracle needs ${oldest.join('.')} or newer; name one with PYTHON=python3.12, or --python`,
    );
}

/**
 * An environment with what the requirements pin, made where there is none yet.
 * @param told hears what is being done, since it takes a while
 * @throws UnavailableError with the remedy
 */
export async function ownPython(folder: string, requirements: string, told: (what: string) => void): Promise<string> {
  const own = path.join(folder, windows ? 'Scripts/python.exe' : 'bin/python');
  const stamp = path.join(folder, 'installed');
  const key = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex');
  if (existsSync(own) && existsSync(stamp) && (await readFile(stamp, 'utf8')) === key) return own;
  const base = process.env.PYTHON ?? (windows ? 'python' : 'python3');
  await checkVersion(
    base,
    () =>
      new UnavailableError(
        `there is no ${base} here, and vectors are made by Python: install Python ${oldest.join('.')} or newer, or name one with --python; those that are made already can be run without`,
      ),
  );
  told(`making an environment for Python in ${path.relative(process.cwd(), folder)}, once`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const made = await run(base, ['-m', 'venv', folder]);
  if (made.failed)
    throw new UnavailableError(
      `${base} -m venv failed: ${made.last}; on Debian and Ubuntu it is the package python3-venv; or name a Python with ${libraries} by --python`,
    );
  told(`installing ${libraries} into it: about 100 MB`);
  const installed = await run(own, ['-m', 'pip', 'install', '--quiet', '-r', requirements], {
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    // An index that can't be reached is given up at once, so that a local one is asked.
    PIP_RETRIES: process.env.PIP_RETRIES ?? '0',
  });
  if (installed.failed)
    throw new UnavailableError(
      `pip could not install ${libraries}: ${installed.last}; without a network, name a Python that has them by --python`,
    );
  await writeFile(stamp, key);
  return own;
}
