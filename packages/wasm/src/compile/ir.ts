import type { Dim, DType, Expr, Primitive } from '@isoloss/core';

/**
 * Values inside a loop nest. A {@link Lane} is what one element costs: it is built from the graph by {@link inline}, which
 * follows the views (transpose, slice, gather…) down to loads at coordinates of the loop variables.
 */

/** A loop variable; each nest has its own numbering. */
export type Variable = number;

/** A position along an axis of a buffer: ±variable + offset, or what an integer value says. */
export type Coordinate =
  | { readonly kind: 'affine'; readonly variable: Variable | null; readonly reversed: boolean; readonly offset: Dim }
  | { readonly kind: 'indirect'; readonly index: Lane /** Of the axis: no index leads outside. */; readonly size: Dim };

/** One axis of an access: the coordinate, and how far apart entries are, in elements. */
export interface Term {
  readonly at: Coordinate;
  readonly stride: Dim;
}

/** Something in memory: an input of the program, or the value of a node. */
export interface Buffer {
  readonly id: number;
  readonly name: string;
  readonly dtype: DType;
  /** As in the graph. */
  readonly shape: readonly Dim[];
}

interface Common {
  readonly id: number;
  readonly type: DType;
  /** The variables that it depends on. */
  readonly variables: ReadonlySet<Variable>;
}

export type ElementwiseOp = Extract<
  Primitive,
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'minimum'
  | 'maximum'
  | 'neg'
  | 'abs'
  | 'sign'
  | 'sqrt'
  | 'exp'
  | 'expm1'
  | 'log'
  | 'log1p'
  | 'relu'
  | 'sin'
  | 'cos'
  | 'atan'
  | 'pow'
  | 'equal'
  | 'less'
  | 'lessEqual'
  | 'isNaN'
  | 'isFinite'
  | 'and'
  | 'or'
  | 'not'
  | 'where'
  | 'cast'
>;
/** Elementwise primitives, and stable operations that have a kernel of their own. */
export type LaneOp = ElementwiseOp | 'sigmoid' | 'softplus' | 'tanh' | 'log1pUnit' | 'expDecay';

export type Lane = Common &
  (
    | { readonly kind: 'constant'; readonly value: number }
    | { readonly kind: 'size'; readonly dim: Dim }
    | { readonly kind: 'position'; readonly at: Coordinate }
    | { readonly kind: 'load'; readonly buffer: Buffer; readonly terms: readonly Term[]; readonly whole: boolean }
    | { readonly kind: 'op'; readonly op: LaneOp; readonly attributes: unknown; readonly inputs: readonly Lane[] }
  );

export type Load = Extract<Lane, { kind: 'load' }>;

const keyOfCoordinate = (at: Coordinate): string =>
  at.kind === 'indirect' ? `@${at.index.id}<${at.size}` : `${at.reversed ? '-' : ''}${at.variable ?? '_'}:${at.offset}`;

const variablesOf = (at: Coordinate): Iterable<Variable> =>
  at.kind === 'indirect' ? at.index.variables : at.variable === null ? [] : [at.variable];

/** Makes lanes; equal ones are one object. */
export class LaneBuilder {
  private readonly known = new Map<string, Lane>();
  private nextId = 0;

  private intern(key: string, make: (id: number) => Lane): Lane {
    let lane = this.known.get(key);
    if (lane === undefined) {
      lane = make(this.nextId++);
      this.known.set(key, lane);
    }
    return lane;
  }

  constant(value: number, type: DType): Lane {
    return this.intern(`c ${Object.is(value, -0) ? '-0' : value} ${type}`, (id) => ({
      kind: 'constant',
      id,
      type,
      value,
      variables: new Set(),
    }));
  }

  size(dim: Dim): Lane {
    return typeof dim === 'number'
      ? this.constant(dim, 'int')
      : this.intern(`s ${dim}`, (id) => ({ kind: 'size', id, type: 'int', dim, variables: new Set() }));
  }

  position(at: Coordinate): Lane {
    if (at.kind === 'indirect') return at.index;
    if (at.variable === null) return this.size(at.offset);
    return this.intern(`p ${keyOfCoordinate(at)}`, (id) => ({
      kind: 'position',
      id,
      type: 'int',
      at,
      variables: new Set(variablesOf(at)),
    }));
  }

  /** `whole`: the buffer is read in another shape than its own, so that its axes mean nothing here. */
  load(buffer: Buffer, terms: readonly Term[], whole: boolean): Load {
    const key = `l ${buffer.id} ${terms.map(({ at, stride }) => `${keyOfCoordinate(at)}*${stride}`).join()}`;
    return this.intern(key, (id) => ({
      kind: 'load',
      id,
      type: buffer.dtype,
      buffer,
      terms,
      whole,
      variables: new Set(terms.flatMap(({ at }) => [...variablesOf(at)])),
    })) as Load;
  }

  op(op: LaneOp, type: DType, inputs: readonly Lane[], attributes: unknown = {}): Lane {
    const key = `o ${op} ${type} ${JSON.stringify(attributes)} ${inputs.map(({ id }) => id).join()}`;
    return this.intern(key, (id) => ({
      kind: 'op',
      id,
      type,
      op,
      attributes,
      inputs,
      variables: new Set(inputs.flatMap(({ variables }) => [...variables])),
    }));
  }

  /** The lane with other coordinates, loads or variables: `change` gives what stands for a load or a variable. */
  rebuild(lane: Lane, change: LaneChange, memo: Map<Lane, Lane> = new Map()): Lane {
    const known = memo.get(lane);
    if (known !== undefined) return known;
    const coordinate = (at: Coordinate): Coordinate =>
      at.kind === 'indirect'
        ? { ...at, index: this.rebuild(at.index, change, memo) }
        : at.variable === null
          ? at
          : { ...at, variable: change.variable(at.variable) };
    let result: Lane;
    if (lane.kind === 'op')
      result = this.op(
        lane.op,
        lane.type,
        lane.inputs.map((input) => this.rebuild(input, change, memo)),
        lane.attributes,
      );
    else if (lane.kind === 'position') result = this.position(coordinate(lane.at));
    else if (lane.kind === 'load') {
      const terms = lane.terms.map(({ at, stride }) => ({ at: coordinate(at), stride }));
      result = change.load?.(lane, terms) ?? this.load(lane.buffer, terms, lane.whole);
    } else result = lane;
    memo.set(lane, result);
    return result;
  }
}

export interface LaneChange {
  variable(variable: Variable): Variable;
  /** What stands for a load, or undefined for itself with the new terms. */
  load?(load: Load, terms: readonly Term[]): Lane | undefined;
}

/** Every lane that these need, operands first. */
export function lanesOf(roots: readonly Lane[]): Lane[] {
  const order: Lane[] = [];
  const seen = new Set<Lane>();
  const visit = (lane: Lane): void => {
    if (seen.has(lane)) return;
    seen.add(lane);
    for (const input of operandsOf(lane)) visit(input);
    order.push(lane);
  };
  for (const root of roots) visit(root);
  return order;
}

function operandsOf(lane: Lane): Lane[] {
  if (lane.kind === 'op') return [...lane.inputs];
  if (lane.kind === 'load') return lane.terms.flatMap(({ at }) => (at.kind === 'indirect' ? [at.index] : []));
  return [];
}

export const loadsOf = (roots: readonly Lane[]): Load[] =>
  lanesOf(roots).filter((lane): lane is Load => lane.kind === 'load');

/** What an operation costs, in instructions for a vector, roughly: whether a value is computed again or kept. */
export const costOf: Readonly<Record<LaneOp, number>> = {
  add: 1,
  sub: 1,
  mul: 1,
  div: 4,
  minimum: 1,
  maximum: 1,
  neg: 1,
  abs: 1,
  sign: 3,
  sqrt: 5,
  exp: 20,
  expm1: 30,
  log: 30,
  log1p: 35,
  relu: 1,
  sin: 40,
  cos: 40,
  atan: 40,
  pow: 60,
  sigmoid: 25,
  softplus: 50,
  log1pUnit: 22,
  expDecay: 18,
  tanh: 40,
  equal: 1,
  less: 1,
  lessEqual: 1,
  isNaN: 1,
  isFinite: 1,
  and: 1,
  or: 1,
  not: 1,
  where: 1,
  cast: 1,
};

/** An element of the graph's elementwise operations, as far as lanes know them. */
export const isElementwise = (node: Expr): node is Expr<ElementwiseOp> & Expr => Object.hasOwn(costOf, node.op);
