import type { FloatDType } from '@isoloss/core';
import type { BackendId, BackendSettings, Target } from '../backends.ts';
import type { Environment } from '../doctor/environment.ts';
import type { InstallSize } from '../doctor/packages.ts';
import type { Shapes } from './inputs.ts';
import type { Summary } from './statistics.ts';

/** What the best may be best at. */
export const objectives = [
  'latency',
  'throughput',
  'cold-start',
  'memory',
  'size',
] as const satisfies readonly Objective[];
/**
 * What the best is best at. `latency`: the median time of a warm call. `throughput`: processor time of a call, all threads
 * together, which is what a server with every core busy gives calls by. `cold-start`: from the start of the process to the
 * first result. `memory`: the peak of the process. `size`: what is installed.
 */
export type Objective = 'latency' | 'throughput' | 'cold-start' | 'memory' | 'size';

/** What is going to be computed, where, and what must hold. */
export interface ChoiceRequest {
  /** Id or alias of a loss of the catalogue, or of a package that {@link loadLossPackage} has loaded. */
  readonly loss: string;
  readonly options?: Readonly<Record<string, unknown>>;
  /** Shape of the first required input, or shapes by input where that does not say them all. */
  readonly shape: readonly number[] | Shapes;
  /** Names of inputs, `true` for all that have a gradient; none if left out. */
  readonly gradients?: readonly string[] | boolean;
  /** Default float32. */
  readonly dtype?: FloatDType;
  /** Default node. */
  readonly target?: Target;
  /** Default latency. */
  readonly objective?: Objective;
  /** In bytes: installs that are larger are excluded. */
  readonly maxInstall?: number | undefined;
  /** In milliseconds: backends that take longer to a first result are excluded. */
  readonly maxColdStart?: number | undefined;
  /** Only these; all if left out. */
  readonly backends?: readonly BackendId[] | undefined;
  /** Fewer rounds and sizes. */
  readonly quick?: boolean;
  /** After which a process that does not answer is taken to hang; default 60 s. */
  readonly timeoutMs?: number;
  /** Called after each step: how many are done, of how many, and what is next. */
  onProgress?(done: number, total: number, what: string): void;
}

/** A backend with settings: wasm is one with one thread and another with one a core. */
export interface Candidate {
  readonly id: string;
  readonly backend: BackendId;
  readonly settings: BackendSettings;
}

/** Why a candidate is out, by the filter that it failed. */
export interface Exclusion {
  readonly candidate: string;
  readonly filter:
    | 'target'
    | 'not installed'
    | 'install size'
    | 'not available'
    | 'dtype'
    | 'unsupported'
    | 'cold start'
    | 'conformance'
    | 'failed'
    | 'same';
  readonly reason: string;
  /** What would bring it back, where something would. */
  readonly remedy?: string;
}

/** Times of warm calls, in milliseconds. */
export interface Warm extends Summary {
  readonly p95: number;
  /** Interleaved rounds that the samples are from; `spread` is the least and the largest of their medians. */
  readonly rounds: number;
  readonly spread: readonly [low: number, high: number];
  /** Processor time of a call, all threads together. */
  readonly cpu: number;
}

/** What was measured of one candidate. */
export interface Measurement {
  readonly candidate: string;
  readonly backend: BackendId;
  readonly settings: BackendSettings;
  readonly install: InstallSize;
  /** From the start of a process to the first result, making the inputs not counted. */
  readonly coldStart: Summary;
  readonly warm: Warm;
  /** Peak of resident memory of a process up to its first results, in bytes. */
  readonly memory: Summary;
  readonly conformance: Conformance;
  /** Warm medians at other sizes, ascending. */
  readonly sizes: readonly SizeResult[];
}

/** Times of warm calls at one size of the axis, in milliseconds. */
export interface SizeResult {
  readonly size: number;
  readonly median: number;
  readonly min: number;
  readonly cpu: number;
  readonly samples: number;
  readonly spread: readonly [low: number, high: number];
}

/** The vectors of the loss in this dtype. */
export interface Conformance {
  readonly passed: number;
  readonly total: number;
  readonly failed: number;
  readonly skipped: number;
  /** The worst error over its derived bound; null where nothing was compared. */
  readonly worstRatio: number | null;
  readonly ok: boolean;
  readonly firstFailure?: string;
}

/** The size of the axis at which another candidate becomes the answer. */
export interface Crossover {
  /** Interpolated between the two sizes that were measured. */
  readonly at: number;
  readonly between: readonly [smaller: number, larger: number];
  readonly below: string;
  readonly above: string;
}

/** A choice as it is kept: what `createBackend({ config })` takes. */
export interface BackendConfig {
  readonly schema: 'isoloss-backend/1';
  readonly backend: BackendId;
  readonly settings: BackendSettings;
  /** What stands in for it, in this order, unless `strict` is asked for. */
  readonly fallback: readonly { readonly backend: BackendId; readonly settings: BackendSettings }[];
  /** What it was chosen for. */
  readonly for: {
    readonly loss: string;
    readonly options: Readonly<Record<string, unknown>>;
    readonly dtype: FloatDType;
    readonly shapes: Shapes;
    readonly gradients: readonly string[];
    readonly target: Target;
    readonly objective: Objective;
  };
  readonly reason: string;
  /** Where it was measured. */
  readonly on: {
    readonly version: string;
    readonly runtime: string;
    readonly platform: string;
    readonly arch: string;
    readonly processor: string;
    readonly cores: number;
    readonly at: string;
  };
}

/** What to take, and why. */
export interface Recommendation {
  readonly candidate: string;
  /** The deciding reason, in a sentence. */
  readonly reason: string;
  /** As good within the noise of this measurement. */
  readonly tiedWith: readonly string[];
  readonly config: BackendConfig;
}

/** What {@link chooseBackend} measured, left out and recommends. */
export interface ChoiceReport {
  readonly schema: 'isoloss-choice/1';
  readonly version: string;
  readonly started: string;
  readonly milliseconds: number;
  readonly request: BackendConfig['for'] & {
    readonly maxInstall: number | null;
    readonly maxColdStart: number | null;
    readonly quick: boolean;
    /** What the ladder of sizes stretches. */
    readonly axis: { readonly name: string; readonly size: number };
  };
  readonly environment: Environment;
  /** Processes that wanted a core, on average of the last minute, when the measuring began and ended. */
  readonly load: readonly [before: number, after: number];
  /** The same process without any backend: what Node, the definitions and the inputs take by themselves. */
  readonly baseline: { readonly coldStart: Summary; readonly memory: Summary };
  /** Those that could be recommended, the best first. */
  readonly measurements: readonly Measurement[];
  readonly excluded: readonly Exclusion[];
  readonly recommendation: Recommendation | null;
  readonly crossovers: readonly Crossover[];
  readonly notes: readonly string[];
}
