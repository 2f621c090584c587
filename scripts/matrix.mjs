// Writes the matrix of the README, by family, from a run (isoloss conformance --report json): node scripts/matrix.mjs report.json
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { built, root } from './lib/steps.mjs';

const { catalogue } = await built('core');
const { parseReport } = await built('conformance');
const report = parseReport(readFileSync(process.argv[2], 'utf8'));
const columns = report.columns.filter(({ offered }) => offered);
const families = [...new Set(report.losses.map((loss) => catalogue.get(loss).family))].sort();

const cell = (family, { backend, dtype }) => {
  const cells = report.cells.filter(
    (one) => one.backend === backend && one.dtype === dtype && catalogue.get(one.loss).family === family,
  );
  const sum = (key) => cells.reduce((total, one) => total + one[key], 0);
  const worst = Math.max(...cells.map((one) => one.worstRatio?.ratio ?? 0));
  return `${sum('passed')}/${sum('total')} ${worst.toFixed(2)}`;
};
const rows = families.map((family) => {
  const losses = report.losses.filter((loss) => catalogue.get(loss).family === family);
  return `| ${family} (${losses.length}) | ${columns.map((column) => cell(family, column)).join(' | ')} |`;
});
const head = `| family (losses) | ${columns.map(({ backend, dtype }) => `${backend} ${dtype.replace('float', 'f')}`).join(' | ')} |`;
const table = [head, head.replace(/[^|]+/g, ' --- '), ...rows].join('\n');

const file = path.join(root, 'README.md');
const before = readFileSync(file, 'utf8');
writeFileSync(
  file,
  before.replace(/<!-- matrix -->[\s\S]*<!-- \/matrix -->/, `<!-- matrix -->\n${table}\n<!-- /matrix -->`),
);
console.log(table);
