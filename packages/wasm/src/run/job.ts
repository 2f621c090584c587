/** A function of a module: modules are compiled once an engine, and once a thread. */
export interface Loaded {
  readonly id: number;
  readonly exports: Readonly<Record<string, (...values: number[]) => void>>;
  /** Its binary form in the engine's memory, for other threads; empty where there are none. */
  readonly bytes: { readonly at: number; readonly length: number };
}

/** A call of an exported function over a range, which threads may share out. */
export interface Job {
  readonly module: Loaded;
  readonly name: string;
  /** Its arguments; those of the range are overwritten. */
  readonly values: number[];
  /** Which arguments hold the range's begin and end. */
  readonly range: readonly [begin: number, end: number];
  begin: number;
  end: number;
  /** Parts of the range begin at multiples of it. */
  readonly unit: number;
  /** Arguments that differ by thread, by so many bytes: what each writes to for itself. */
  readonly perThread: readonly { readonly argument: number; readonly stride: number }[];
  /** Element operations, roughly: whether it is worth sharing. */
  readonly work: number;
}

/** Runs a part of a job on this thread. */
export function runHere({ module, name, values, range }: Job, begin: number, end: number): void {
  values[range[0]] = begin;
  values[range[1]] = end;
  const run = module.exports[name]!;
  // The fused kernels' case, without the array that spreading makes.
  if (values.length === 3) run(values[0]!, values[1]!, values[2]!);
  else run(...values);
}
