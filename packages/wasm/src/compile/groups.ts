import { along, stridesOf } from './inline.ts';
import { type Coordinate, type Load, loadsOf, type Term } from './ir.ts';
import { type External, type Graph, isRoot, type Root, type Work } from './roots.ts';

/**
 * Roots that one kernel computes. Their loops share the first `prefix` variables and, with `tile`, the last one, which is
 * then run in tiles, so that what passes between the roots stays in the cache:
 *
 *     for each of the prefix: for each tile: for each nest: for its own variables: for the tile
 */
export interface Group {
  readonly kind: 'group';
  readonly roots: readonly Root[];
  readonly prefix: number;
  readonly tile: boolean;
}

export type Step = Group | External;

export const isPlain = (at: Coordinate, variable: number): boolean =>
  at.kind === 'affine' && at.variable === variable && !at.reversed && at.offset === 0;

/** Which term of a root's result belongs to a variable. */
const termOf = (root: Root, variable: number): number => root.store.findIndex(({ at }) => isPlain(at, variable));

/** Whether `load`, in a root of `rank` loops, reads at its own variable `mine` what `producer` wrote at `theirs`. */
function readsAlong(load: Load, mine: number, producer: Root, theirs: number): boolean {
  if (load.whole || producer.scatter || producer.tiles !== undefined || load.terms.length !== producer.store.length)
    return false;
  const term = termOf(producer, theirs);
  return term >= 0 && load.terms[term]!.stride === producer.store[term]!.stride && isPlain(load.terms[term]!.at, mine);
}

const last = (root: Root): number => root.domain.length - 1;
const reduces = (root: Root, variable: number): boolean =>
  root.reduce?.variables.includes(variable) === true && !(root.tiles !== undefined && variable === last(root));

/** How the loops of some roots fit together, or undefined if they have nothing to share. */
function structure(roots: readonly Root[]): { prefix: number; tile: boolean } | undefined {
  if (roots.some(({ scatter }) => scatter) && roots.length > 1) return undefined;
  const producers = new Map<number, Root[]>();
  for (const root of roots) producers.set(root.buffer.id, [...(producers.get(root.buffer.id) ?? []), root]);
  const inside = roots.flatMap((root) =>
    loadsOf([root.value])
      .filter((load) => producers.has(load.buffer.id))
      .map((load) => ({ root, load, writers: producers.get(load.buffer.id)! })),
  );
  // A buffer that several roots write in parts is read by later kernels only.
  if (inside.some(({ writers }) => writers.length > 1)) return undefined;

  let prefix = 0;
  const limit = Math.min(...roots.map((root) => root.domain.length));
  while (
    prefix < limit &&
    roots.every((root) => root.domain[prefix] === roots[0]!.domain[prefix] && !reduces(root, prefix)) &&
    roots.every((root) => !(root.tiles !== undefined && prefix === last(root))) &&
    roots.every((root) => !root.scatter || !root.store.some(({ at }, k) => k === prefix && at.kind === 'indirect')) &&
    inside.every(({ load, writers }) => readsAlong(load, prefix, writers[0]!, prefix))
  )
    prefix++;
  const deepest = Math.max(...roots.map((root) => root.domain.length));
  // Nothing but maps along the same loops: the innermost is the tile.
  if (prefix === deepest && prefix > 0) prefix--;
  const tile =
    prefix < limit &&
    !roots.some(({ scatter }) => scatter) &&
    roots.every((root) => root.domain.at(-1) === roots[0]!.domain.at(-1) && !reduces(root, last(root))) &&
    inside.every(({ root, load, writers }) => readsAlong(load, last(root), writers[0]!, last(writers[0]!)));
  if (prefix === 0 && !tile && deepest > 0 && roots.length > 1) return undefined;
  if (deepest > 0 && limit === 0) return undefined;
  return { prefix, tile };
}

/** Whether a value can be consumed where it was made, at least along some loop. */
function staysLocal(producer: Root, consumer: Root, load: Load): boolean {
  return (
    (producer.domain[0] === consumer.domain[0] && consumer.domain.length > 0 && readsAlong(load, 0, producer, 0)) ||
    (producer.domain.at(-1) === consumer.domain.at(-1) &&
      consumer.domain.length > 0 &&
      readsAlong(load, last(consumer), producer, last(producer)))
  );
}

/** The buffers that work reads and writes. */
export function buffersOf(work: Work): { reads: number[]; writes: number[] } {
  if (isRoot(work)) {
    const indices = work.store.flatMap(({ at }) => (at.kind === 'indirect' ? [at.index] : []));
    return { reads: loadsOf([work.value, ...indices]).map((load) => load.buffer.id), writes: [work.buffer.id] };
  }
  if (work.kind === 'scan')
    return { reads: work.inputs.map(({ id }) => id), writes: [...work.results.values()].map(({ id }) => id) };
  if (work.kind === 'matmul') return { reads: [work.a.buffer.id, work.b.buffer.id], writes: [work.result.id] };
  return { reads: [work.input.id], writes: [work.result.id] };
}

/** What reads what another piece of work writes. */
interface Edge {
  readonly from: Work;
  readonly to: Work;
  /** Whether both can be in one kernel. */
  readonly local: boolean;
}

function edgesOf(work: readonly Work[]): Edge[] {
  const writers = new Map<number, Work[]>();
  for (const item of work) for (const id of buffersOf(item).writes) writers.set(id, [...(writers.get(id) ?? []), item]);
  return work.flatMap((to) => {
    const loads = isRoot(to) ? loadsOf([to.value]) : [];
    return [...new Set(buffersOf(to).reads)].flatMap((id) =>
      (writers.get(id) ?? []).map((from) => ({
        from,
        to,
        local:
          isRoot(to) &&
          isRoot(from) &&
          loads.filter((load) => load.buffer.id === id).every((load) => staysLocal(from, to, load)),
      })),
    );
  });
}

/**
 * How many kernels at least come after each piece of work. Work is put as late as it can be, so that rows wait for a sum
 * over all of them (a mean's denominator) before they start; and then beside what it reads and what runs along the same
 * loops, if that can be, so that rows are not gone through twice.
 */
function kernelsAfter(work: readonly Work[]): Map<Work, number> {
  const edges = edgesOf(work);
  const after = new Map<Work, number>(work.map((item) => [item, 0]));
  const order = new Map(work.map((item, k) => [item, k]));
  const into = new Map<Work, Edge[]>();
  for (const edge of edges) into.set(edge.to, [...(into.get(edge.to) ?? []), edge]);
  /** Raises what comes before until it is early enough; false if `fixed` would have to rise too. */
  const raise = (item: Work, value: number, depths: Map<Work, number>, fixed?: Work): boolean => {
    if (depths.get(item)! >= value) return true;
    if (item === fixed) return false;
    depths.set(item, value);
    return (into.get(item) ?? []).every(({ from, local }) => raise(from, value + (local ? 0 : 1), depths, fixed));
  };
  for (const item of [...work].reverse()) raise(item, 0, after);
  for (const { from, to, local } of edges) raise(from, after.get(to)! + (local ? 0 : 1), after);
  const bring = (item: Work, beside: Work): void => {
    if (after.get(beside)! <= after.get(item)!) return;
    const trial = new Map(after);
    if (!raise(item, after.get(beside)!, trial, beside)) return;
    for (const [other, depth] of trial) after.set(other, depth);
  };
  for (const { from, to, local } of [...edges].sort((a, b) => order.get(a.to)! - order.get(b.to)!))
    if (local) bring(to, from);
  // What runs along the same loops has its inputs, and often its exponentials, in common: a value and its gradient.
  const roots = work.filter(isRoot).filter((root) => root.domain.length > 0);
  for (const item of roots) {
    const alike = roots.filter((root) => root !== item && root.domain.join() === item.domain.join());
    for (const beside of alike.sort((a, b) => after.get(a)! - after.get(b)!)) bring(item, beside);
  }
  return after;
}

/** Cuts a reduction over the last loop into reductions of tiles, and their reduction. */
function block(root: Root, graph: Graph): [tiles: Root, rest: Root] {
  const tiles = `#${root.buffer.id}`;
  const shape = [...root.domain.slice(0, -1), tiles];
  const buffer = graph.buffer(`${root.buffer.name}:tiles`, root.buffer.dtype, shape);
  const store: Term[] = stridesOf(shape).map((stride, variable) => ({ at: along(variable), stride }));
  const rest = { ...root, domain: shape, value: graph.lanes.load(buffer, store, false), final: true };
  return [{ ...root, buffer, store, tiles }, rest];
}

interface Open {
  roots: Root[];
  prefix: number;
  tile: boolean;
}

const hasOwn = ({ roots, prefix, tile }: Open): boolean =>
  roots.some((root) => root.domain.length > prefix + (tile ? 1 : 0));

/** Puts work in order and roots together. */
export function group(graph: Graph): Step[] {
  const after = kernelsAfter(graph.work);
  const epochs = new Map<number, Work[]>();
  for (const item of graph.work) epochs.set(after.get(item)!, [...(epochs.get(after.get(item)!) ?? []), item]);
  const steps: Step[] = [];
  for (const epoch of [...epochs.keys()].sort((a, b) => b - a)) steps.push(...inEpoch(epochs.get(epoch)!, graph));
  const joined: Step[] = [];
  for (const step of steps) {
    const before = joined.at(-1);
    if (before === undefined || !isSmall(before) || !isSmall(step)) joined.push(step);
    else joined[joined.length - 1] = { ...before, roots: [...before.roots, ...step.roots] };
  }
  return joined;
}

/** Scalars and sums of tiles: one after the other in one kernel, with nothing to share. */
const isSmall = (step: Step): step is Group =>
  step.kind === 'group' &&
  step.roots.every((root) => root.domain.length === 0 || (root.final && root.domain.length === 1));

function inEpoch(work: readonly Work[], graph: Graph): Step[] {
  const open: (Open | External)[] = [];
  const madeBy = new Map<number, number>();
  const made = (id: number, at: number) => madeBy.set(id, Math.max(at, madeBy.get(id) ?? 0));
  const place = (root: Root): void => {
    const from = Math.max(0, ...buffersOf(root).reads.map((id) => madeBy.get(id) ?? 0));
    for (let k = from; k < open.length; k++) {
      const candidate = open[k]!;
      const joined = 'roots' in candidate ? join(candidate, root, graph) : undefined;
      if (joined === undefined) continue;
      made(joined.member.buffer.id, k);
      if (joined.rest !== undefined) place(joined.rest);
      return;
    }
    const [member, rest] = reducesAll(root) && !root.final ? block(root, graph) : [root];
    open.push({ roots: [member], ...(structure([member]) ?? { prefix: 0, tile: false }) });
    made(member.buffer.id, open.length - 1);
    if (rest !== undefined) place(rest);
  };
  for (const item of work) {
    if (isRoot(item)) place(item);
    else {
      open.push(item);
      for (const id of buffersOf(item).writes) made(id, open.length - 1);
    }
  }
  return open.map((entry) => ('roots' in entry ? { kind: 'group', ...entry } : entry));
}

const reducesLast = (root: Root): boolean => root.reduce?.variables.includes(last(root)) === true;
const reducesAll = (root: Root): boolean => root.domain.length === 1 && reducesLast(root);

/** Adds a root to a group if their loops fit and the group loses nothing that it lives on. */
function join(candidate: Open, root: Root, graph: Graph): { member: Root; rest?: Root } | undefined {
  if (reducesLast(root) && !root.final && candidate.tile && (reducesAll(root) || hasOwn(candidate))) {
    const [member, rest] = block(root, graph);
    const fit = structure([...candidate.roots, member]);
    if (fit?.tile && fit.prefix >= Math.min(candidate.prefix, 1)) {
      Object.assign(candidate, fit);
      candidate.roots.push(member);
      return { member, rest };
    }
  }
  const fit = structure([...candidate.roots, root]);
  if (fit === undefined) return undefined;
  if (candidate.prefix > 0 && fit.prefix === 0) return undefined;
  if (candidate.tile && !fit.tile && (hasOwn(candidate) || fit.prefix === 0)) return undefined;
  const alone = structure([root]);
  if (alone?.tile && !fit.tile && hasOwn({ roots: [root], ...alone })) return undefined;
  Object.assign(candidate, fit);
  candidate.roots.push(root);
  return { member: root };
}
