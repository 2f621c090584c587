// npm run test:python: the oracle's own tests, that it still gives every committed vector, checked against the libraries,
// and those libraries as implementations of the protocol.
import { disagreements } from './disagreements.mjs';
import { golden, python } from './lib/python.mjs';
import { run } from './lib/steps.mjs';

try {
  const interpreter = await python();
  await run(interpreter, ['-m', 'unittest', 'discover', '-s', 'tests'], { show: true, cwd: golden });
  await run(interpreter, ['generate.py', '--check', '--jobs', '2', ...process.argv.slice(2)], {
    show: true,
    cwd: golden,
  });
  await disagreements();
} catch (error) {
  if (error.log) console.error(error.log);
  console.error(error.message);
  process.exitCode = 1;
}
