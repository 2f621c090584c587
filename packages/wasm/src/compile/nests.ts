import { type Dim, productOfDims } from '@isoloss/core';
import { buffersOf, type Group, isPlain, type Step } from './groups.ts';
import { type Buffer, type Lane, type LaneBuilder, type Load, loadsOf, type Term } from './ir.ts';
import type { Root } from './roots.ts';

/** Roots that one loop nest inside of a group computes, each from lanes that may contain the others' values. */
export interface Nest {
  /** Loops besides the group's: all of them if it has a tile, the last one in vectors if it has none. */
  readonly own: readonly Dim[];
  readonly roots: readonly Placed[];
}

export interface Placed {
  readonly root: Root;
  readonly value: Lane;
  readonly store: readonly Term[];
  /** `none`: used where it was made. `register`: one number, kept through an iteration of the prefix. */
  readonly keep: 'memory' | 'register' | 'none';
}

export interface Kernel {
  readonly group: Group;
  readonly nests: readonly Nest[];
  /** What only this kernel uses, with the size of one thread's copy in elements. */
  readonly scratch: ReadonlyMap<Buffer, Dim>;
}

/** The length of a group's tile, as a size. */
export const tileLength = '#tile';

const last = (root: Root): number => root.domain.length - 1;

/** Cuts a group into loop nests. `isShared` says which buffers others need too. */
export function nestsOf(group: Group, lanes: LaneBuilder, isShared: (buffer: Buffer) => boolean): Kernel {
  const { prefix, tile, roots } = group;
  const producers = new Map(roots.map((root) => [root.buffer.id, root]));
  const ownOf = (root: Root): readonly Dim[] => root.domain.slice(prefix, root.domain.length - (tile ? 1 : 0));
  const nests: { own: readonly Dim[]; roots: Root[] }[] = [];
  const nestOf = new Map<Root, number>();
  for (const root of roots) {
    const own = ownOf(root);
    let from = 0;
    for (const load of loadsOf([root.value])) {
      const producer = producers.get(load.buffer.id);
      if (producer === undefined || producer === root) continue;
      const before = nestOf.get(producer)!;
      from = Math.max(from, isForwarded(load, root, producer) ? before : before + 1);
    }
    let at = nests.findIndex((nest, k) => k >= from && nest.own.join() === own.join());
    if (at < 0) at = nests.push({ own, roots: [] }) - 1;
    nests[at]!.roots.push(root);
    nestOf.set(root, at);
  }

  // Values of the same nest are used as they are; a number an iteration stays in a register; the rest goes through memory.
  const isRegister = (root: Root): boolean =>
    !tile && root.store.every(({ at }) => at.kind === 'affine' && at.variable !== null && at.variable < prefix);
  const throughMemory = new Set<number>();
  for (const root of roots)
    for (const load of loadsOf([root.value])) {
      const producer = producers.get(load.buffer.id);
      if (producer === undefined || producer === root || isRegister(producer)) continue;
      if (!(nestOf.get(producer) === nestOf.get(root) && isForwarded(load, root, producer)))
        throughMemory.add(load.buffer.id);
    }
  const scratch = new Map<Buffer, Dim>();
  const scratchStrides = new Map<number, ReadonlyMap<number, Dim>>();
  for (const root of roots) {
    if (isShared(root.buffer) || !throughMemory.has(root.buffer.id)) continue;
    const kept = root.store.flatMap(({ at }) =>
      at.kind === 'affine' && at.variable !== null && at.variable >= prefix ? [at.variable] : [],
    );
    const size = (variable: number): Dim => (tile && variable === last(root) ? tileLength : root.domain[variable]!);
    scratchStrides.set(
      root.buffer.id,
      new Map(kept.map((variable, k) => [variable, productOfDims(kept.slice(k + 1).map(size))])),
    );
    scratch.set(root.buffer, productOfDims(kept.map(size)));
  }
  /** The terms of an access to a buffer of this group, where it lies in scratch. */
  const inScratch = (buffer: Buffer, terms: readonly Term[]): readonly Term[] => {
    const strides = scratchStrides.get(buffer.id);
    if (strides === undefined) return terms;
    return producers.get(buffer.id)!.store.flatMap(({ at }, k) => {
      const stride = at.kind === 'affine' && at.variable !== null ? strides.get(at.variable) : undefined;
      return stride === undefined ? [] : [{ at: terms[k]!.at, stride }];
    });
  };

  const placed = nests.map(({ own, roots: members }): Nest => {
    const here = new Map<number, Lane>();
    return {
      own,
      roots: members.map((root) => {
        const value = lanes.rebuild(root.value, {
          variable: (variable) => variable,
          load: (load, terms) => {
            const producer = producers.get(load.buffer.id);
            if (producer === undefined || producer === root) return undefined;
            const known = here.get(load.buffer.id);
            if (known !== undefined && isForwarded(load, root, producer)) return known;
            return lanes.load(load.buffer, inScratch(load.buffer, terms), load.whole);
          },
        });
        if (root.reduce === undefined && !root.scatter) here.set(root.buffer.id, value);
        const keep =
          isShared(root.buffer) || scratch.has(root.buffer) ? 'memory' : isRegister(root) ? 'register' : 'none';
        return { root, value, store: inScratch(root.buffer, root.store), keep };
      }),
    };
  });
  return { group, nests: placed, scratch };
}

/** Whether a load reads, of a map over the same loops, the element that the same iteration writes. */
function isForwarded(load: Load, consumer: Root, producer: Root): boolean {
  return (
    producer.reduce === undefined &&
    !producer.scatter &&
    !load.whole &&
    producer.domain.join() === consumer.domain.join() &&
    load.terms.length === producer.domain.length &&
    load.terms.every(
      ({ at, stride }, k) =>
        at.kind === 'affine' &&
        at.variable !== null &&
        isPlain(at, at.variable) &&
        producer.store[k]!.stride === stride &&
        JSON.stringify(producer.store[k]!.at) === JSON.stringify(at),
    )
  );
}

/** The buffers that more than one step touches, or that leave the program. */
export function sharedBuffers(steps: readonly Step[], outputs: readonly Buffer[]): (buffer: Buffer) => boolean {
  const users = new Map<number, Set<Step>>();
  for (const step of steps) {
    const works = step.kind === 'group' ? step.roots : [step];
    for (const item of works) {
      const { reads, writes } = buffersOf(item);
      for (const id of [...reads, ...writes]) users.set(id, (users.get(id) ?? new Set()).add(step));
    }
  }
  const leaving = new Set(outputs.map(({ id }) => id));
  return ({ id }) => leaving.has(id) || (users.get(id)?.size ?? 0) > 1;
}
