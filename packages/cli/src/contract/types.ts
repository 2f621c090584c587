import type { FloatDType } from '@isoloss/core';

/** How much a change asks of those who upgrade, the least first. */
export const changeClasses = ['none', 'patch', 'minor', 'major'] as const;
export type ChangeClass = (typeof changeClasses)[number];

/** Where a change was seen. */
const areas = ['numbers', 'catalogue', 'vectors', 'backends', 'exports', 'formats', 'manifest', 'files'] as const;
export type Area = (typeof areas)[number];

/** One change, with what it is judged by. */
export interface Finding {
  readonly class: Exclude<ChangeClass, 'none'>;
  readonly area: Area;
  /** What it is about: a loss, a backend, a package or a file. */
  readonly subject: string;
  /** The change in one sentence, without the subject. */
  readonly what: string;
  readonly before?: unknown;
  readonly after?: unknown;
  /** For vectors that do not hold any more: where, and the worst number. */
  readonly failures?: readonly VectorFailures[];
}

/** The vectors of a loss that the release passes and this tree does not, on one backend in one dtype. */
export interface VectorFailures {
  readonly backend: string;
  readonly dtype: FloatDType;
  readonly total: number;
  readonly ids: readonly string[];
  /** The vector that is furthest off, and its worst element if it has one. */
  readonly worst: {
    readonly id: string;
    readonly reason: string;
    readonly output?: string;
    readonly index?: number;
    readonly expected?: number;
    readonly got?: number;
    readonly bound?: number;
    /** What the release gives there. */
    readonly released?: number;
  };
}

/** Numbers that are others than the release's, all within its bounds. */
export interface Moved {
  readonly backend: string;
  readonly dtype: FloatDType;
  /** Vectors that both answer, and those of them in which a number is another. */
  readonly vectors: number;
  readonly moved: number;
  readonly losses: readonly string[];
  /** The largest change, in units of the last place; none where it is of numbers around an exact 0. */
  readonly worst?: {
    readonly loss: string;
    readonly id: string;
    readonly output: string;
    readonly index: number;
    readonly before: number;
    readonly after: number;
    readonly ulp: number;
  };
}

/** What the next version has to be, and what the pending changesets make it. */
export interface Pending {
  /** The version of the release. */
  readonly from: string;
  /** The version that this tree will be released as. */
  readonly to: string;
  readonly bump: ChangeClass;
  /** The least bump that the class allows after `from`. */
  readonly needed: ChangeClass;
  readonly enough: boolean;
  /** Where `to` comes from. */
  readonly source: 'changesets' | 'version' | '--bump';
  /** The changesets that were read, by name. */
  readonly changesets: readonly string[];
}

export interface ContractReport {
  readonly schema: 'isoloss-contract/1';
  readonly class: ChangeClass;
  /** undefined: nothing was released before. */
  readonly release: { readonly name: string; readonly version: string; readonly from: string } | undefined;
  readonly tree: { readonly name: string; readonly version: string };
  readonly findings: readonly Finding[];
  readonly moved: readonly Moved[];
  /** What ran: vectors of the release, by backend and dtype. */
  readonly ran: readonly { readonly backend: string; readonly dtype: FloatDType; readonly vectors: number }[];
  /** What could not be looked at, and why; a line each. */
  readonly notes: readonly string[];
  /** Only these losses were compared; undefined for all. */
  readonly losses: readonly string[] | undefined;
  readonly pending: Pending | undefined;
  /** Whether the pending version says enough; true for a first release. */
  readonly ok: boolean;
}

/** The larger of the classes. */
export const worstClass = (classes: Iterable<ChangeClass>): ChangeClass =>
  changeClasses[Math.max(0, ...[...classes].map((one) => changeClasses.indexOf(one)))]!;
