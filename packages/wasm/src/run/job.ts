/** A function of a module: modules are compiled once an engine, and once a thread. */
export interface Loaded {
  readonly id: number;
  readonly exports: Readonly<Record<string, (...values: number[]) => void>>;
}

/** A call of an exported function over a range, which threads may share out. */
export interface Job {
  readonly module: Loaded;
  readonly name: string;
  /** Its arguments; those of the range are overwritten. */
  readonly values: number[];
  /** Which arguments hold the range's begin and end. */
  readonly range: readonly [begin: number, end: number];
  readonly begin: number;
  readonly end: number;
  /** Parts of the range begin at multiples of it. */
  readonly unit: number;
  /** Arguments that differ by thread, by so many bytes: what each writes to for itself. */
  readonly perThread: readonly { readonly argument: number; readonly stride: number }[];
  /** Element operations, roughly: whether it is worth sharing. */
  readonly work: number;
}

/** Runs a job, or a part of it, on this thread. */
export function runHere({ module, name, values, range, perThread }: Job, begin: number, end: number, thread = 0): void {
  const own = thread === 0 ? values : [...values];
  if (thread !== 0) for (const { argument, stride } of perThread) own[argument]! += thread * stride;
  own[range[0]] = begin;
  own[range[1]] = end;
  module.exports[name]!(...own);
}
