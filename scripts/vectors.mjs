// npm run vectors -- [ids…] [--check] [--no-crosscheck]: makes the golden vectors with the oracle in tools/golden.
import { golden, python } from './lib/python.mjs';
import { run } from './lib/steps.mjs';

try {
  await run(await python(), ['generate.py', ...process.argv.slice(2)], { show: true, cwd: golden });
} catch (error) {
  if (error.log) console.error(error.log);
  console.error(error.message);
  process.exitCode = 1;
}
