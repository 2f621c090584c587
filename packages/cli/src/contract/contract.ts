import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConformanceResult } from '@isoloss/conformance';
import type { BackendDescription, CatalogueEntry } from '@isoloss/core';
import { type BackendId, backendIds, describeAll, whyNot } from '../backends.ts';
import { messageOf, UnavailableError, UsageError } from '../errors.ts';
import type { LossPackage } from '../packages/loaded.ts';
import { compareBackends } from './backends.ts';
import { compareCatalogues } from './catalogue.ts';
import { plannedVersions } from './changesets.ts';
import { runNumbers } from './judge.ts';
import { linkDependencies } from './link.ts';
import { packedFiles } from './npm.ts';
import { acceptedNow, movedFindings, movedNumbers, numberFindings } from './numbers.ts';
import { comparePackages } from './packages.ts';
import { type Bump, pendingRelease } from './pending.ts';
import { obtainRelease, type Release } from './release.ts';
import { ownRunner, packageRunner } from './release-command.ts';
import { ownTree, packageTree, readVectors, type Tree } from './tree.ts';
import { type ContractReport, changeClasses, type Finding, worstClass } from './types.ts';
import { compareVectors } from './vectors.ts';

export interface ContractRequest {
  /** A version, a tag, or folders and tarballs; the last release where empty. */
  readonly against: readonly string[];
  readonly losses: readonly string[] | undefined;
  /** A package of losses, loaded in this process, to compare with its own last release; undefined: this tree of isoloss. */
  readonly package: LossPackage | undefined;
  /** undefined: all that work here. */
  readonly backends: readonly BackendId[] | undefined;
  readonly jobs: number;
  /** What the next release will be, where changesets don't say. */
  readonly bump: Bump | undefined;
  onStage(what: string): void;
  onProgress(done: number, total: number, what: string): void;
}

/**
 * Compares this tree with a release, classifies what changed, and says whether the pending version says enough.
 *
 * @throws UsageError for a release or losses that don't exist; UnavailableError where the registry can't be reached
 */
export async function contract(request: ContractRequest): Promise<ContractReport> {
  const tree = await (request.package === undefined ? ownTree() : packageTree(request.package));
  const folder = await mkdtemp(join(tmpdir(), 'isoloss-contract-'));
  const clean = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', clean);
  try {
    request.onStage('getting the release');
    const release = await obtainRelease({
      against: request.against,
      main: tree.main.manifest.name,
      names: tree.packages.map(({ manifest }) => manifest.name),
      into: folder,
    });
    return release === undefined ? firstRelease(tree) : await compare(tree, release, request);
  } finally {
    process.off('exit', clean);
    clean();
  }
}

async function compare(tree: Tree, release: Release, request: ContractRequest): Promise<ContractReport> {
  const { onStage } = request;
  onStage(`the release is ${release.name} ${release.version}, ${release.from}`);
  // First: a changeset that can't be read should not be found out after minutes.
  const planned = request.bump === undefined ? await plannedVersions(tree.root) : undefined;
  const runner = tree.of === undefined ? ownRunner(release) : packageRunner(release);
  const notes = await linkDependencies(release, tree.packages);
  onStage('catalogue, vectors, backends and packages');
  const [described, after, packages, released] = await Promise.all([
    runner.backends?.().catch((error: unknown) => {
      notes.push(`the release doesn’t run here, so its backends are not compared: ${messageOf(error)}`);
      return undefined;
    }),
    describeAll(),
    packedFiles(tree.packages),
    runner.catalogue(),
  ]);
  const before = runner.backends === undefined ? after : described;
  const here = tree.losses;
  const kept = keep(request.losses, released, here);
  const losses = [runner.vectors, tree.vectors].map((path) => readVectors(path, request.losses));
  const [vectorsBefore, vectorsNow] = (await Promise.all(losses)) as [VectorFiles, VectorFiles];
  const findings: Finding[] = [
    ...compareCatalogues(released.filter(kept), here.filter(kept)),
    ...compareVectors(vectorsBefore, vectorsNow),
    ...(await comparePackages(release.packages, packages)),
    ...(before === undefined ? [] : compareBackends(before, after)),
  ];
  const ids = backendsToRun(request.backends, before, after, notes);
  const known = new Set(here.map(({ id }) => id));
  const common = vectorsBefore.map(({ loss }) => loss).filter((id) => known.has(id));
  onStage(`the vectors of ${common.length} losses on ${ids.join(', ')}`);
  const { result, beside } = await runNumbers({
    losses: common,
    ids,
    version: release.version,
    release: runner,
    packages: tree.of === undefined ? [] : [tree.of.folder],
    before,
    after,
    jobs: request.jobs,
    onProgress: request.onProgress,
  });
  const numbers = result === undefined ? [] : numberFindings(result, beside, acceptedNow(vectorsBefore, vectorsNow));
  const failing = new Set(numbers.flatMap((one) => (one.class === 'major' ? [one.subject] : [])));
  const moved = result === undefined ? [] : movedNumbers(result, beside, failing);
  findings.push(...numbers, ...movedFindings(moved));
  const change = worstClass(findings.map((finding) => finding.class));
  const pending = pendingRelease(tree.packages, release, change, { bump: request.bump, planned });
  return {
    ...about(tree),
    class: change,
    release: { name: release.name, version: release.version, from: release.from },
    findings: sorted(findings),
    moved,
    ran: result === undefined ? [] : ranOf(result, ids),
    notes,
    losses: request.losses,
    pending,
    ok: pending.enough,
  };
}

type VectorFiles = Awaited<ReturnType<typeof readVectors>>;

const about = ({ main: { manifest } }: Tree) =>
  ({ schema: 'isoloss-contract/1', tree: { name: manifest.name, version: manifest.version } }) as const;

const count = (losses: number): string => `${losses} ${losses === 1 ? 'loss' : 'losses'}`;

/** There is nothing to keep yet: everything is new. */
function firstRelease(tree: Tree): ContractReport {
  const fresh = (area: Finding['area'], subject: string, what: string): Finding => ({
    class: 'minor',
    area,
    subject,
    what,
  });
  return {
    ...about(tree),
    class: 'minor',
    release: undefined,
    findings: [
      ...tree.packages.map(({ manifest: { name } }) => fresh('exports', name, 'a new package')),
      fresh('catalogue', count(tree.losses.length), 'all new'),
      ...(tree.of === undefined ? [fresh('backends', backendIds.join(', '), 'all new')] : []),
    ],
    moved: [],
    ran: [],
    notes: [],
    losses: undefined,
    pending: undefined,
    ok: true,
  };
}

/** @throws UsageError for a loss that neither has */
function keep(
  losses: readonly string[] | undefined,
  ...catalogues: readonly (readonly CatalogueEntry[])[]
): (entry: CatalogueEntry) => boolean {
  const known = new Set(catalogues.flatMap((entries) => entries.map(({ id }) => id)));
  const stranger = losses?.find((id) => !known.has(id));
  if (stranger !== undefined)
    throw new UsageError(`neither the release nor this tree has a loss ${stranger}; isoloss list shows what there is`);
  return ({ id }) => losses?.includes(id) ?? true;
}

/** What the release promised its numbers on, as far as it works here. */
function backendsToRun(
  asked: readonly BackendId[] | undefined,
  before: readonly BackendDescription[] | undefined,
  after: readonly BackendDescription[],
  notes: string[],
): BackendId[] {
  return (asked ?? backendIds).filter((id) => {
    const description = after.find((one) => one.id === id)!;
    if (!description.available && asked !== undefined)
      throw new UnavailableError(`${id} is not available: ${whyNot(description)}`);
    if (!description.available) notes.push(`${id} was not judged, since it is not available: ${whyNot(description)}`);
    return description.available && (before?.some((one) => one.id === id) ?? true);
  });
}

const ranOf = ({ cells }: ConformanceResult, ids: readonly BackendId[]): ContractReport['ran'] =>
  ids.flatMap((backend) =>
    (['float32', 'float64'] as const).flatMap((dtype) => {
      const own = cells.filter((cell) => cell.backend === backend && cell.dtype === dtype);
      const vectors = own.reduce((sum, { total }) => sum + total, 0);
      return own.length === 0 ? [] : [{ backend, dtype, vectors }];
    }),
  );

/** The worst first; within a class as they were found. */
const sorted = (findings: readonly Finding[]): Finding[] =>
  [...findings].sort((a, b) => changeClasses.indexOf(b.class) - changeClasses.indexOf(a.class));
