// npm test: sets up what is missing and runs every test that needs no Python. The last line counts them.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setUp } from './lib/setup.mjs';
import { root, run, step } from './lib/steps.mjs';

const folder = mkdtempSync(path.join(os.tmpdir(), 'isoloss-test-'));
const results = path.join(folder, 'results.json');
try {
  await setUp();
  await step('lint', async () => {
    await run(path.join(root, 'node_modules/.bin/biome'), ['check', '.']);
  });
  const args = [
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${results}`,
    ...process.argv.slice(2),
  ];
  await run(path.join(root, 'node_modules/.bin/vitest'), args, { show: true }).catch(() => {
    process.exitCode = 1;
  });
  console.log('\nLeft out: the tests that drive Python (npm run test:python).');
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
const counts = existsSync(results)
  ? JSON.parse(readFileSync(results, 'utf8'))
  : { numPassedTests: 0, numFailedTests: 0, success: false };
rmSync(folder, { recursive: true, force: true });
if (!counts.success) process.exitCode = 1;
// A file that fails to load has no test of its own to fail.
const failed = Math.max(counts.numFailedTests, process.exitCode ? 1 : 0);
console.log(`${counts.numPassedTests} passed, ${failed} failed`);
