// A virtual environment for programs in Python, beside them, with what they pin.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root, run, step } from './steps.mjs';

export const golden = path.join(root, 'tools/golden');
export const oracle = path.join(root, 'packages/conformance/oracle');

/** The environment's interpreter, with what a file of requirements pins; installs what is not there yet, so large. */
export async function python(requirements = path.join(golden, 'requirements.txt'), size = '2 GB') {
  const folder = path.join(path.dirname(requirements), '.venv');
  const own = path.join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const key = createHash('sha256').update(pinned(requirements)).digest('hex');
  const stamp = path.join(folder, '.installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === key) return own;
  await step(
    `setting up Python 3.11 for ${path.relative(root, path.dirname(requirements))} (about ${size})`,
    async () => {
      await run(process.env.PYTHON ?? 'python3', ['-m', 'venv', folder]);
      // An index that can't be reached is given up at once, so that a local one is asked.
      const env = { PIP_RETRIES: process.env.PIP_RETRIES ?? '0', PIP_DISABLE_PIP_VERSION_CHECK: '1' };
      await run(own, ['-m', 'pip', 'install', '--quiet', '-r', requirements], { env });
      writeFileSync(stamp, key);
    },
  );
  return own;
}

/** The text of a file of requirements, with those that it takes in by -r. */
const pinned = (file) =>
  readFileSync(file, 'utf8').replace(/^-r (.+)$/gm, (_, more) => pinned(path.resolve(path.dirname(file), more)));
