import { type Dim, mulDims } from '@isoloss/core';
import { type Coordinate, type LaneBuilder, lanesOf, type Term } from './ir.ts';
import { type Graph, isRoot, type Root, type Work } from './roots.ts';

const isPlain = (at: Coordinate, variable: number): boolean =>
  at.kind === 'affine' && at.variable === variable && !at.reversed && at.offset === 0;

const mentions = (at: Coordinate, variable: number): boolean => at.kind === 'affine' && at.variable === variable;

/** Whether `first` and the variable after it walk through memory as one: in all of these terms, or in none. */
function walkAsOne(terms: readonly Term[], first: number, size: Dim): boolean {
  const outer = terms.findIndex(({ at }) => mentions(at, first));
  const inner = terms.findIndex(({ at }) => mentions(at, first + 1));
  if (outer < 0 && inner < 0) return true;
  return (
    outer >= 0 &&
    inner === outer + 1 &&
    isPlain(terms[outer]!.at, first) &&
    isPlain(terms[inner]!.at, first + 1) &&
    terms[outer]!.stride === mulDims(terms[inner]!.stride, size)
  );
}

function canMerge(root: Root, first: number): boolean {
  const { reduce, domain } = root;
  if (root.scatter) return false;
  if (reduce && reduce.variables.includes(first) !== reduce.variables.includes(first + 1)) return false;
  const size = domain[first + 1]!;
  if (!walkAsOne(root.store, first, size)) return false;
  return lanesOf([root.value]).every(
    (lane) =>
      (lane.kind !== 'position' || !(mentions(lane.at, first) || mentions(lane.at, first + 1))) &&
      (lane.kind !== 'load' || walkAsOne(lane.terms, first, size)),
  );
}

/** A root with `first` and the variable after it made one. */
function merged(root: Root, first: number, lanes: LaneBuilder): Root {
  const renumber = (variable: number) => (variable > first ? variable - 1 : variable);
  const terms = (list: readonly Term[]) =>
    list
      .filter(({ at }) => !mentions(at, first))
      .map(({ at, stride }) => ({
        at: at.kind === 'affine' && at.variable !== null ? { ...at, variable: renumber(at.variable) } : at,
        stride,
      }));
  const value = lanes.rebuild(root.value, {
    variable: renumber,
    // The outer of the two terms is contained in the inner one.
    load: (load, changed) =>
      lanes.load(
        load.buffer,
        changed.filter((_, k) => !mentions(load.terms[k]!.at, first)),
        load.whole,
      ),
  });
  return {
    ...root,
    domain: [
      ...root.domain.slice(0, first),
      mulDims(root.domain[first]!, root.domain[first + 1]!),
      ...root.domain.slice(first + 2),
    ],
    value,
    store: terms(root.store),
    ...(root.reduce && {
      reduce: { ...root.reduce, variables: [...new Set(root.reduce.variables.map(renumber))] },
    }),
  };
}

/**
 * Makes one loop of two that always run through memory together, in all roots that have the two sizes: an elementwise loss
 * of any rank becomes one loop, and (N, C, H, W) becomes (N, C, H·W).
 */
function mergeAxes(work: readonly Work[], lanes: LaneBuilder): Work[] {
  let result = [...work];
  const pairs = (root: Root) => root.domain.slice(1).map((inner, k) => [root.domain[k]!, inner] as const);
  const refused = new Set<string>();
  for (;;) {
    const roots = result.filter(isRoot);
    const pair = roots.flatMap(pairs).find(([a, b]) => a !== b && !refused.has(`${a}|${b}`));
    if (pair === undefined) return result;
    const [a, b] = pair;
    const places = roots.map((root) =>
      root.domain.flatMap((dim, k) => (dim === a && root.domain[k + 1] === b ? [k] : [])),
    );
    const fits = roots.every((root, k) => {
      const count = (size: Dim) => root.domain.filter((dim) => dim === size).length;
      const found = places[k]!;
      return found.length === count(a) && found.length === count(b) && found.every((at) => canMerge(root, at));
    });
    if (!fits) {
      refused.add(`${a}|${b}`);
      continue;
    }
    result = result.map((item) => {
      if (!isRoot(item)) return item;
      const found = places[roots.indexOf(item)]!;
      return [...found].reverse().reduce((root, at) => merged(root, at, lanes), item);
    });
  }
}

/** A reduction over several loops as several reductions over one, the innermost first. */
function splitReductions(work: readonly Work[], graph: Graph): Work[] {
  return work.flatMap((item) => {
    if (!isRoot(item) || item.reduce === undefined) return [item];
    const steps: Root[] = [];
    let root = item;
    while (root.reduce!.variables.length > 1) {
      const last = Math.max(...root.reduce!.variables);
      const rest = root.domain.filter((_, k) => k !== last);
      const buffer = graph.buffer(`${root.buffer.name}:${steps.length}`, root.buffer.dtype, rest);
      const strides = rest.map((_, k) => rest.slice(k + 1).reduce(mulDims, 1));
      const own = (k: number) => ({ kind: 'affine', variable: k, reversed: false, offset: 0 }) as const;
      const store = rest.map((_, k) => ({ at: own(k < last ? k : k + 1), stride: strides[k]! }));
      steps.push({ ...root, buffer, store, reduce: { op: root.reduce!.op, variables: [last] } });
      const renumber = (k: number) => (k > last ? k - 1 : k);
      root = {
        ...root,
        domain: rest,
        value: graph.lanes.load(
          buffer,
          rest.map((_, k) => ({ at: own(k), stride: strides[k]! })),
          false,
        ),
        store: root.store.map(({ at, stride }) => ({
          at: at.kind === 'affine' && at.variable !== null ? { ...at, variable: renumber(at.variable) } : at,
          stride,
        })),
        reduce: { op: root.reduce!.op, variables: root.reduce!.variables.filter((k) => k !== last).map(renumber) },
      };
    }
    return [...steps, root];
  });
}

/** Work whose loops are as few and as long as they can be, and whose reductions are over one loop each. */
export function arrange(graph: Graph): Graph {
  const work = splitReductions(mergeAxes(graph.work, graph.lanes), graph);
  return { ...graph, work: work.map((item, id) => (isRoot(item) ? { ...item, id } : item)) };
}
