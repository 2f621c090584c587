// npm start: sets everything up and runs the conformance matrix of all losses on all backends.
import path from 'node:path';
import { setUp } from './lib/setup.mjs';
import { root, run } from './lib/steps.mjs';

try {
  await setUp();
  const report = path.join(root, 'report.html');
  await run(
    process.execPath,
    [
      path.join(root, 'packages/cli/bin/isoloss.js'),
      'conformance',
      '--report',
      'html',
      '--output',
      report,
      ...process.argv.slice(2),
    ],
    { show: true },
  );
  console.log(
    `\nThe whole report: ${path.relative(process.cwd(), report)}\nNext: node_modules/.bin/isoloss list, or npm test`,
  );
} catch (error) {
  console.error(error.message);
  process.exitCode = error.code || 1;
}
