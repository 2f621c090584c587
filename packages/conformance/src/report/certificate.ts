import type { FloatDType } from '@isoloss/core';
import { type Cell, type ConformanceResult, isBad } from '../result.ts';

/** Where a run took place. */
export interface CertificatePlace {
  readonly os: string;
  readonly arch: string;
  readonly node: string;
  readonly processor: string;
}

/** How a loss did in one dtype: vectors, and the worst error over its derived bound, at most 1 of which passes. */
export interface CertificateCell {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** null where no number was compared. */
  readonly worst: number | null;
}

/** What became of the vectors on one backend. */
export interface CertificateBackend {
  readonly id: string;
  /** The runtime and its version, as the backend describes itself. */
  readonly runtime: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly worst: number | null;
  readonly losses: Readonly<Record<string, Readonly<Partial<Record<FloatDType, CertificateCell>>>>>;
}

/** What a release's own conformance run found, short enough to be in the package of each adapter as `conformance.json`. */
export interface Certificate {
  readonly schema: 'isoloss-certificate/1';
  readonly package: string;
  readonly release: string;
  /** Of git; null where it was made outside a repository. */
  readonly commit: string | null;
  /** SHA-256 of the sources that were run. */
  readonly sources: string;
  /** When the run started, in UTC. */
  readonly date: string;
  readonly place: CertificatePlace;
  readonly vectors: { readonly sha256: string; readonly losses: number; readonly cases: number };
  /** Whether it is of every loss; false: a rehearsal. */
  readonly complete: boolean;
  readonly backends: readonly CertificateBackend[];
}

/** What a report does not know: of which release it is, and where it was made. */
export type CertificateOrigin = Omit<Certificate, 'schema' | 'date' | 'vectors' | 'backends'> & {
  /** SHA-256 of the vectors that were run. */
  readonly vectors: string;
  /** Ids of the package's backends. */
  readonly backends: readonly string[];
};

/**
 * The certificate of an adapter's package, from a run on its backends.
 *
 * @throws Error if a backend did not take part, was not available, or failed a vector: such a release is not certified
 */
export function certificateOf(result: ConformanceResult, origin: CertificateOrigin): Certificate {
  const { backends: ids, vectors: sha256, ...rest } = origin;
  const backends = ids.map((id) => certifiedBackend(result, id));
  const cases = new Set(result.cells.flatMap((cell) => cell.cases.map(({ id }) => id))).size;
  return {
    schema: 'isoloss-certificate/1',
    ...rest,
    date: result.started,
    vectors: { sha256, losses: result.losses.length, cases },
    backends,
  };
}

function certifiedBackend(result: ConformanceResult, id: string): CertificateBackend {
  const backend = result.backends.find((one) => one.id === id);
  if (backend === undefined) throw new Error(`${id} did not take part in the run`);
  if (!backend.available) throw new Error(`${id} was not available: ${backend.reason}`);
  const cells = result.cells.filter((cell) => cell.backend === id);
  const bad = cells.flatMap((cell) => cell.cases.filter(isBad).map((one) => `${one.id} in ${cell.dtype}`));
  if (bad.length > 0) throw new Error(`${id} fails ${bad.length} vectors: ${bad.slice(0, 3).join(', ')}`);
  if (cells.length === 0) throw new Error(`${id} ran no vector`);
  const losses: Record<string, Partial<Record<FloatDType, CertificateCell>>> = {};
  for (const cell of cells) losses[cell.loss] = { ...losses[cell.loss], [cell.dtype]: summed([cell]) };
  return { id, runtime: backend.runtime, ...summed(cells), losses };
}

function summed(cells: readonly Cell[]): CertificateCell {
  const sum = (part: (cell: Cell) => number) => cells.reduce((total, cell) => total + part(cell), 0);
  const ratios = cells.flatMap(({ worstRatio }) => (worstRatio === undefined ? [] : [worstRatio.ratio]));
  return {
    passed: sum((cell) => cell.passed),
    failed: sum((cell) => cell.failed + cell.errors),
    skipped: sum((cell) => cell.skipped),
    // Three digits are what anybody reads, and keep the file small.
    worst: ratios.length === 0 ? null : Number(Math.max(...ratios).toPrecision(3)),
  };
}
