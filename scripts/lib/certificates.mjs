// The conformance report that each adapter's package carries of its own release: which packages have one, whether what is
// there is of this tree, and the run that it is made from.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { sourcesDigest } from './digests.mjs';
import { publicPackages } from './packages.mjs';

export const certificateFile = 'conformance.json';

/** The packages that carry one: those that export it. */
export const certifiedPackages = (root) =>
  publicPackages(root).filter(({ manifest }) => manifest.exports?.[`./${certificateFile}`] !== undefined);

/**
 * Why a release can't be made of the certificates that are there, a line each; none if it can.
 *
 * @param {string} root of the workspace
 * @param {{ rehearsal?: boolean }} options a rehearsal may be of some of the losses
 */
export function certificateProblems(root, { rehearsal = false } = {}) {
  const sources = sourcesDigest(root);
  return certifiedPackages(root).flatMap(({ name, version, folder }) => {
    const file = path.join(folder, certificateFile);
    if (!existsSync(file)) return [`${name} has no ${certificateFile}: npm run certify makes it`];
    return problemsOf(readFileSync(file, 'utf8'), { name, version, sources, rehearsal });
  });
}

/** The same of one certificate's text; of one in a tarball, whose sources are known from elsewhere, without `sources`. */
export function problemsOf(text, { name, version, sources, rehearsal = false }) {
  const anew = 'npm run certify makes it anew';
  let certificate;
  try {
    certificate = JSON.parse(text);
  } catch {
    return [`${name}: ${certificateFile} is not JSON: ${anew}`];
  }
  const problems = [];
  if (certificate.package !== name || certificate.release !== version)
    problems.push(`${certificateFile} is of ${certificate.package}@${certificate.release}: ${anew}`);
  if (sources !== undefined && certificate.sources !== sources)
    problems.push(`${certificateFile} is of other sources than these: ${anew}`);
  if (!certificate.complete && !rehearsal) problems.push(`${certificateFile} is not of every loss: ${anew}`);
  const failed = certificate.backends?.reduce((sum, backend) => sum + backend.failed, 0);
  if (failed !== 0) problems.push(`${certificateFile} does not say that every vector passed`);
  return problems.map((problem) => `${name}: ${problem}`);
}

const reportFolder = (root) => path.join(root, '.cache/conformance');

/** Where a run of every vector on every backend leaves its report for {@link keptReport}. */
export const reportFile = (root) => path.join(reportFolder(root), 'report.ndjson');

const stampFile = (root) => path.join(reportFolder(root), 'sources');

/**
 * Does a whole run, and notes of which sources it is, unless they changed meanwhile.
 *
 * @param {string} root of the workspace
 * @param {() => Promise<unknown>} run that writes {@link reportFile}
 */
export async function keepReport(root, run) {
  const before = sourcesDigest(root);
  rmSync(reportFolder(root), { recursive: true, force: true });
  mkdirSync(reportFolder(root), { recursive: true });
  await run();
  if (sourcesDigest(root) === before) writeFileSync(stampFile(root), before);
}

/** The report of the last whole run, if it was of just these sources. */
export function keptReport(root) {
  const stamp = stampFile(root);
  const known = existsSync(stamp) && existsSync(reportFile(root)) ? readFileSync(stamp, 'utf8') : undefined;
  return known === sourcesDigest(root) ? reportFile(root) : undefined;
}
