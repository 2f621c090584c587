import { type Dim, type Expr, type FloatDType, productOfDims, type ScanBody } from '@isoloss/core';
import type { ModuleBuilder } from '../assembler/index.ts';
import { KernelWriter } from '../emit/kernel.ts';
import { lanesOfDType, type Storage } from '../emit/lanes.ts';
import type { Parameter } from '../emit/values.ts';
import { arrange } from './domains.ts';
import { type Group, group, isPlain, type Step } from './groups.ts';
import { type Buffer, costOf, lanesOf, loadsOf, type Term } from './ir.ts';
import { type Kernel, nestsOf, sharedBuffers } from './nests.ts';
import { rewrite } from './rewrite.ts';
import { cut, type External } from './roots.ts';

/** A fused kernel of a plan. */
export interface KernelStep {
  readonly kind: 'kernel';
  /** The function that the module exports. */
  readonly name: string;
  readonly parameters: readonly Parameter[];
  /** The loop that may be run in parts: its length, and whether it runs in tiles. */
  readonly range: { readonly length: Dim; readonly tiled: boolean } | undefined;
  /** The loop that runs in tiles, if one does. */
  readonly tiled: Dim | undefined;
  /** Sizes that say how many tiles there are. */
  readonly tileCounts: readonly { readonly name: string; readonly length: Dim }[];
  readonly scratch: ReadonlyMap<Buffer, Dim>;
  /** Bytes an element of a scratch buffer takes. */
  readonly scratchBytes: number;
  /** Buffers of which part k of the range needs entries k·stride … only. */
  readonly sliced: ReadonlyMap<Buffer, Dim>;
  readonly reads: ReadonlySet<Buffer>;
  readonly writes: ReadonlySet<Buffer>;
  /** What each of its roots costs: for each point of the domain, instructions for a vector, roughly. */
  readonly work: readonly { readonly domain: readonly Dim[]; readonly cost: number }[];
  /** Written by adding: zero before. */
  readonly cleared: readonly Buffer[];
}

export interface ScanStep {
  readonly kind: 'scan';
  readonly node: Expr<'scan'>;
  readonly body: ScanBody;
  readonly reverse: boolean;
  readonly inputs: readonly Buffer[];
  readonly results: ReadonlyMap<number, Buffer>;
  readonly inner: Plan;
}

export type PlanStep = KernelStep | Exclude<External, { kind: 'scan' }> | ScanStep;

/** Everything about a graph that does not depend on sizes. */
export interface Plan {
  readonly steps: readonly PlanStep[];
  readonly inputs: ReadonlyMap<string, Buffer>;
  readonly outputs: readonly Buffer[];
  /** Buffers between steps. */
  readonly between: readonly Buffer[];
}

const storageOf =
  (isInput: (buffer: Buffer) => boolean) =>
  (buffer: Buffer): Storage =>
    buffer.dtype === 'bool' ? (isInput(buffer) ? 'byte' : 'mask') : buffer.dtype;

/** Compiles a graph: its kernels go into `module`. */
export function plan(outputs: readonly Expr[], dtype: FloatDType, module: ModuleBuilder, inBody = false): Plan {
  const graph = arrange(cut(distinct(rewrite(outputs))));
  const steps = group(graph);
  const isShared = sharedBuffers(steps, graph.outputs);
  const inputs = new Set(graph.inputs.values());
  // What a scan hands to its body is one of our own buffers.
  const storage = storageOf((buffer) => !inBody && inputs.has(buffer));
  const compiled = steps.map((step): PlanStep => {
    if (step.kind === 'scan') {
      const { body, reverse } = step.node.attributes;
      const inner = plan(body.outputs, dtype, module, true);
      return { kind: 'scan', node: step.node, body, reverse, inputs: step.inputs, results: step.results, inner };
    }
    if (step.kind !== 'group') return step;
    return kernelStep(nestsOf(step, graph.lanes, isShared), dtype, module, storage);
  });
  return {
    steps: compiled,
    inputs: graph.inputs,
    outputs: graph.outputs,
    between: between(steps, graph.outputs, inputs, isShared),
  };
}

/** Outputs that are nodes of their own: one that is an input, or is there twice, is copied. */
function distinct(outputs: readonly Expr[]): Expr[] {
  const taken = new Set<Expr>();
  return outputs.map((output) => {
    let own = output;
    while (taken.has(own) || own.op === 'input') own = own.stopGradient();
    taken.add(own);
    return own;
  });
}

function kernelStep(
  kernel: Kernel,
  dtype: FloatDType,
  module: ModuleBuilder,
  storage: (buffer: Buffer) => Storage,
): KernelStep {
  const lanes = lanesOfDType[dtype];
  const { group: own } = kernel;
  const name = `kernel${module.size}`;
  let parameters: readonly Parameter[] = [];
  module.function({ name, parameters: ['i32', 'i32', 'i32'] }, (code, [argumentsAt, begin, end]) => {
    const writer = new KernelWriter(kernel, lanes, storage, code, argumentsAt);
    writer.write(code, begin, end);
    parameters = writer.parameters;
    return undefined;
  });
  const { domain } = own.roots[0]!;
  const tiled = own.tile ? domain.at(-1)! : undefined;
  const range =
    own.prefix > 0
      ? { length: domain[0]!, tiled: false }
      : own.tile
        ? { length: domain.at(-1)!, tiled: true }
        : undefined;
  const writes = new Set(own.roots.map(({ buffer }) => buffer).filter((buffer) => !kernel.scratch.has(buffer)));
  const reads = new Set(
    loads(own)
      .map((load) => load.buffer)
      .filter((buffer) => !kernel.scratch.has(buffer) && !writes.has(buffer)),
  );
  return {
    kind: 'kernel',
    name,
    parameters,
    range,
    tiled,
    tileCounts: own.roots.flatMap((root) =>
      root.tiles === undefined ? [] : [{ name: root.tiles, length: root.domain.at(-1)! }],
    ),
    scratch: kernel.scratch,
    scratchBytes: lanes.bytes.float,
    sliced: range === undefined ? new Map() : slices(own, range.length),
    reads,
    writes,
    work: own.roots.map(({ domain: loops, value }) => ({
      domain: loops,
      cost: lanesOf([value]).reduce((sum, lane) => sum + (lane.kind === 'op' ? costOf[lane.op] : 1), 0),
    })),
    cleared: own.roots.flatMap((root) => (root.scatter ? [root.buffer] : [])),
  };
}

const loads = (own: Group) =>
  loadsOf(
    own.roots.flatMap((root) => [
      root.value,
      ...root.store.flatMap(({ at }) => (at.kind === 'indirect' ? [at.index] : [])),
    ]),
  );

/** Buffers that are cut along the kernel's range: their outermost axis is its loop, in every access. */
function slices(own: Group, length: Dim): Map<Buffer, Dim> {
  const accesses = new Map<Buffer, { terms: readonly Term[]; variable: number }[]>();
  const note = (buffer: Buffer, terms: readonly Term[], variable: number) =>
    accesses.set(buffer, [...(accesses.get(buffer) ?? []), { terms, variable }]);
  for (const root of own.roots) {
    const variable = own.prefix > 0 ? 0 : root.domain.length - 1;
    if (root.tiles === undefined || own.prefix > 0) note(root.buffer, root.store, variable);
    for (const load of loadsOf([root.value])) note(load.buffer, load.terms, variable);
  }
  const result = new Map<Buffer, Dim>();
  for (const [buffer, list] of accesses) {
    const whole = productOfDims(buffer.shape);
    const strides = list.map(({ terms, variable }) => {
      const term = terms.find(({ at }) => isPlain(at, variable));
      const others = terms
        .filter((other) => other !== term)
        .every(({ at }) => at.kind === 'indirect' || at.offset === 0);
      return term !== undefined && others && productOfDims([term.stride, length]) === whole ? term.stride : undefined;
    });
    if (strides[0] !== undefined && strides.every((stride) => stride === strides[0])) result.set(buffer, strides[0]);
  }
  return result;
}

/** Buffers that one step makes and another reads. */
function between(
  steps: readonly Step[],
  outputs: readonly Buffer[],
  inputs: ReadonlySet<Buffer>,
  isShared: (buffer: Buffer) => boolean,
): Buffer[] {
  const found = new Set<Buffer>();
  for (const step of steps) {
    if (step.kind === 'group') for (const { buffer } of step.roots) if (isShared(buffer)) found.add(buffer);
    if (step.kind === 'scan') for (const buffer of step.results.values()) found.add(buffer);
    if (step.kind === 'matmul' || step.kind === 'argsort' || step.kind === 'cumsum') found.add(step.result);
  }
  return [...found].filter((buffer) => !outputs.includes(buffer) && !inputs.has(buffer));
}
