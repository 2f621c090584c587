// npm run certify: gives each adapter's package the conformance report of its release, from a run of every vector on every
// backend: that of npm start if it is of just these sources, else a new one. With --losses a,b it is of those: a rehearsal,
// on the backends that work here, which no release may be made of. With --verify it only says whether what is there is of this tree.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  certificateFile,
  certificateProblems,
  certifiedPackages,
  keepReport,
  keptReport,
  reportFile,
} from './lib/certificates.mjs';
import { sourcesDigest, vectorsDigest } from './lib/digests.mjs';
import { built, root, run } from './lib/steps.mjs';

/** Whose report a package carries. */
const backendsOf = {
  '@isoloss/wasm': ['wasm'],
  '@isoloss/onnx': ['onnx-node'],
  '@isoloss/tfjs': ['tfjs-node', 'tfjs-wasm', 'tfjs-cpu'],
};

const conformance = (file, ...args) =>
  run(
    process.execPath,
    [path.join(root, 'packages/cli/bin/isoloss.js'), 'conformance', '--report', `json=${file}`, ...args],
    { show: true },
  );

/** The text of a report, and whether it is of every loss. */
async function report(losses) {
  if (losses === undefined) {
    if (keptReport(root) === undefined) await keepReport(root, () => conformance(reportFile(root)));
    return { text: readFileSync(reportFile(root), 'utf8'), complete: true };
  }
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isoloss-certify-'));
  try {
    const file = path.join(folder, 'report.ndjson');
    await conformance(file, '--loss', losses);
    return { text: readFileSync(file, 'utf8'), complete: false };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function commit() {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return null;
  }
}

try {
  const { values } = parseArgs({ options: { losses: { type: 'string' }, verify: { type: 'boolean' } } });
  const rehearsal = values.losses !== undefined;
  if (!values.verify) {
    const { certificateOf, parseReport } = await built('conformance');
    const { text, complete } = await report(values.losses);
    const result = parseReport(text);
    const works = (id) => result.backends.some((one) => one.id === id && one.available);
    const origin = {
      commit: commit(),
      sources: sourcesDigest(root),
      place: {
        os: process.platform,
        arch: process.arch,
        node: process.versions.node,
        processor: os.cpus()[0]?.model.trim() ?? 'unknown',
      },
      complete,
      vectors: vectorsDigest(root),
    };
    for (const { name, version, folder } of certifiedPackages(root)) {
      const backends = backendsOf[name]?.filter((id) => !rehearsal || works(id));
      if (backends === undefined) throw new Error(`scripts/certify.mjs does not know the backends of ${name}`);
      const certificate = certificateOf(result, { package: name, release: version, backends, ...origin });
      writeFileSync(path.join(folder, certificateFile), `${JSON.stringify(certificate)}\n`);
      for (const { id, passed, skipped, worst } of certificate.backends)
        console.log(`${name} ${id}: ${passed} passed, ${skipped} skipped, at worst ${worst} of the bound`);
    }
  }
  const problems = certificateProblems(root, { rehearsal });
  if (problems.length > 0) throw new Error(problems.join('\n'));
  console.log(rehearsal ? 'certified for a rehearsal' : 'certified');
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
