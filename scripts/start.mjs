// npm start: sets everything up and runs the conformance matrix of all losses on all backends.
import path from 'node:path';
import { keepReport, reportFile } from './lib/certificates.mjs';
import { setUp } from './lib/setup.mjs';
import { root, run } from './lib/steps.mjs';

try {
  await setUp();
  const report = path.join(root, 'report.html');
  const asked = process.argv.slice(2);
  const matrix = (...more) =>
    run(
      process.execPath,
      [path.join(root, 'packages/cli/bin/isoloss.js'), 'conformance', '--report', `html=${report}`, ...more],
      { show: true },
    );
  // The whole run is kept, since a release is certified by one.
  if (asked.length > 0) await matrix(...asked);
  else await keepReport(root, () => matrix('--report', `json=${reportFile(root)}`));
  console.log(
    `\nThe whole report: ${path.relative(process.cwd(), report)}\nNext: node_modules/.bin/isoloss list, or npm test`,
  );
} catch (error) {
  console.error(error.message);
  process.exitCode = error.code || 1;
}
