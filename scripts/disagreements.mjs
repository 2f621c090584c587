// npm run disagreements: runs other libraries as foreign implementations, and writes docs/disagreements.{md,html} from it.
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { python } from './lib/python.mjs';
import { root, run, step } from './lib/steps.mjs';

const folder = path.join(root, 'tools/implementations');
const runs = path.join(root, 'node_modules/.cache/isoloss/disagreements');
const command = path.join(root, 'packages/cli/bin/isoloss.js');

/** Runs every implementation, or those named, and writes the page once there is a run of each. */
export async function disagreements(names = []) {
  const interpreter = await python(path.join(folder, 'requirements.txt'));
  await run(interpreter, ['-m', 'unittest', 'discover', '-s', 'tests'], { show: true, cwd: folder });
  mkdirSync(runs, { recursive: true });
  const all = readdirSync(folder).filter((file) => file.endsWith('.json'));
  const unknown = names.filter((name) => !all.includes(`${name}.json`));
  if (unknown.length > 0)
    throw new Error(`there is no ${unknown.join(', ')}; there are ${all.map((file) => file.slice(0, -5)).join(', ')}`);
  const env = {
    PATH: `${path.dirname(interpreter)}${path.delimiter}${process.env.PATH}`,
    // Most of a jax program's time is compiling small operations: a second run finds them.
    JAX_COMPILATION_CACHE_DIR: path.join(runs, 'jax'),
    JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS: '0',
  };
  for (const file of all) {
    const name = file.slice(0, -5);
    if (names.length > 0 && !names.includes(name)) continue;
    const report = path.join(runs, `${name}.ndjson`);
    rmSync(report, { force: true });
    await step(`every vector on ${name}`, async () => {
      const args = [
        command,
        'conformance',
        '--implementation-file',
        path.join(folder, file),
        '--report',
        `json=${report}`,
      ];
      // It ends with 1 where the library disagrees, which is what we are here for.
      await run(process.execPath, args, { env }).catch((error) => {
        if (error.code !== 1 || !existsSync(report)) throw error;
      });
    });
  }
  const reports = all.map((file) => path.join(runs, `${file.slice(0, -5)}.ndjson`));
  const missing = reports.filter((file) => !existsSync(file)).map((file) => path.basename(file, '.ndjson'));
  if (missing.length > 0) {
    console.log(
      `docs/disagreements.md stays as it is: it compares all libraries, and of ${missing.join(', ')} there is no run yet`,
    );
    return;
  }
  const pages = ['--output', 'docs/disagreements.md', '--html', 'docs/disagreements.html'];
  await run(process.execPath, [command, 'conformance', 'disagreements', ...reports, ...pages], { show: true });
}

if (process.argv[1] === import.meta.filename)
  await disagreements(process.argv.slice(2)).catch((error) => {
    if (error.log) console.error(error.log);
    console.error(error.message);
    process.exitCode = 1;
  });
