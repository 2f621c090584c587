import {
  catalogue,
  classAxisOf,
  describeLoss,
  type InputSpec,
  isDifferentiable,
  type LossDefinition,
  numberToJSON,
  type Tensor,
  typedArray,
} from '@isoloss/core';
import type * as FastCheck from 'fast-check';
import type { Arbitrary } from 'fast-check';

/** A loss with everything that is given to it, as somebody may call it, rightly or wrongly. */
export interface Call {
  readonly loss: string;
  /** As JSON has them. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, Tensor>>;
}

/** Numbers behind each input; a larger tensor repeats them, which makes ties. */
const pool = 12;

/** So many axes stand for `...` at most, and so long they are. */
const maxRest = 2;

interface Draw {
  readonly rest: readonly number[];
  readonly sizes: Readonly<Record<string, number>>;
  readonly alternative: number;
  readonly second: boolean;
  readonly options: Readonly<Record<string, unknown>>;
  readonly given: Readonly<Record<string, { readonly present: boolean; readonly ones: number; readonly drop: number }>>;
  readonly numbers: Readonly<Record<string, readonly number[]>>;
  readonly labels: Readonly<Record<string, readonly number[]>>;
  readonly mistake: { readonly kind: (typeof mistakes)[number]; readonly at: number } | undefined;
}

/** What can be wrong with a call. */
const mistakes = ['label', 'size', 'rank', 'missing', 'surplus', 'dtype', 'option', 'value'] as const;

/**
 * Calls of a loss, valid ones and, one in eight, with a mistake. They shrink to small sizes, few options, round numbers
 * and no mistake.
 */
export function calls(fc: typeof FastCheck, loss: string): Arbitrary<Call> {
  const definition = catalogue.get(loss)!;
  const names = Object.keys(definition.inputs);
  const each = <T>(keys: readonly string[], arbitrary: Arbitrary<T>): Arbitrary<Record<string, T>> =>
    fc.record(Object.fromEntries(keys.map((key) => [key, arbitrary])));
  // The simplest first: what fast-check shrinks to. An empty axis is rare.
  const size = fc.oneof({ arbitrary: fc.integer({ min: 1, max: 4 }), weight: 20 }, fc.constant(0));
  const simple = [0, 1, -1, 0.5, -0.5, 2, -2, 0.25, 0.75, 3, -3];
  const number = fc.oneof(
    { arbitrary: fc.constantFrom(...simple), weight: 4 },
    { arbitrary: fc.float({ min: -4, max: 4, noNaN: true }), weight: 6 },
    { arbitrary: fc.constantFrom(5, -5, 20, -20, 90, -90, 700, -700), weight: 1 },
  );
  return fc
    .record<Draw>({
      rest: fc.array(size, { maxLength: maxRest }),
      sizes: each(dimsOf(definition), size),
      alternative: fc.nat({ max: 1 }),
      second: fc.boolean(),
      options: optionsOf(fc, definition),
      given: each(names, fc.record({ present: fc.boolean(), ones: fc.nat({ max: 7 }), drop: fc.nat({ max: 2 }) })),
      numbers: each(names, fc.array(number, { minLength: pool, maxLength: pool })),
      labels: each(names, fc.array(fc.nat({ max: 11 }), { minLength: pool, maxLength: pool })),
      mistake: fc.oneof(
        { arbitrary: fc.constant(undefined), weight: 7 },
        fc.record({ kind: fc.constantFrom(...mistakes), at: fc.nat({ max: 7 }) }),
      ),
    })
    .map((draw) => build(definition, draw));
}

const tokens = (pattern: string): string[] => pattern.trim().split(/\s+/).filter(Boolean);

/** The names of sizes in a definition's shapes: `U+1` is one more than U. */
function dimsOf({ inputs }: LossDefinition): string[] {
  const specs = Object.values(inputs).flatMap((spec) => (spec.or === undefined ? [spec] : [spec, spec.or]));
  const all = specs.flatMap(({ shape }) => shape.split('|').flatMap(tokens));
  return [...new Set(all.map((token) => token.replace('@', '').replace(/\+\d+$/, '')))].filter((name) =>
    /^[A-Za-z]\w*$/.test(name),
  );
}

function optionsOf(fc: typeof FastCheck, definition: LossDefinition): Arbitrary<Record<string, unknown>> {
  const described = describeLoss(definition).options;
  const arbitraries = Object.entries(described).map(([name, about]) => {
    const { type, values, nullable } = about;
    const schema = definition.options[name]!;
    const candidates: readonly unknown[] =
      values ??
      (type === 'boolean'
        ? [false, true]
        : type === 'integer'
          ? [1, 0, 2, -1, 3]
          : type === 'number'
            ? [1, 0.5, 2, 0, 0.25, 0.1, 3, -1, 0.9, 10, Number.POSITIVE_INFINITY]
            : []);
    const legal = [...candidates, ...(nullable ? [null] : [])].filter((value) => schema.safeParse(value).success);
    if (legal.length === 0) return [name, fc.constant(undefined)] as const;
    const some = fc.constantFrom(...legal);
    // A hundred iterations take the judge a hundred times as long, and find nothing that three do not.
    const long = type === 'integer' && typeof about.default === 'number' && about.default > 20;
    return [name, long ? some : fc.option(some, { nil: undefined, freq: 2 })] as const;
  });
  return fc.record(Object.fromEntries(arbitraries)).map(
    (drawn) =>
      Object.fromEntries(
        Object.entries(drawn)
          .filter(([, value]) => value !== undefined)
          .map(([name, value]) => [name, typeof value === 'number' ? numberToJSON(value) : value]),
      ) as Record<string, unknown>,
  );
}

function build(definition: LossDefinition, draw: Draw): Call {
  const { mistake } = draw;
  const names = Object.keys(definition.inputs);
  const wrong = names[(mistake?.at ?? 0) % names.length]!;
  const inputs: Record<string, Tensor> = {};
  for (const [name, own] of Object.entries(definition.inputs)) {
    const spec = draw.second && own.or !== undefined ? own.or : own;
    const { present, ones, drop } = draw.given[name]!;
    if (own.optional && !present) continue;
    if (mistake?.kind === 'missing' && name === wrong) continue;
    let shape = shapeOf(definition, spec, draw);
    if (spec.broadcast)
      shape = shape.slice(Math.min(drop, shape.length)).map((n, axis) => ((ones >> axis) & 1 ? 1 : n));
    if (mistake?.kind === 'size' && name === wrong) shape = [...shape.slice(0, -1), (shape.at(-1) ?? 1) + 1];
    if (mistake?.kind === 'rank' && name === wrong) shape = [...shape, 1, 1];
    inputs[name] = tensorOf(name, spec, shape, draw, name === wrong ? mistake?.kind : undefined);
  }
  if (mistake?.kind === 'surplus') inputs.surplus = { dtype: 'float32', shape: [], data: new Float32Array(1) };
  const options = mistake?.kind === 'option' ? { ...draw.options, ...badOption(definition, mistake.at) } : draw.options;
  return { loss: definition.id, options, inputs };
}

function badOption(definition: LossDefinition, at: number): Record<string, unknown> {
  const names = Object.keys(definition.options);
  const name = names[at % names.length];
  return name === undefined || at > 5 ? { surplus: 1 } : { [name]: 'nonsense' };
}

function sizeOf(token: string, { sizes }: Draw): number {
  if (/^\d+$/.test(token)) return Number(token);
  const [name = '', more = '0'] = token.replace('@', '').split('+');
  return (sizes[name] ?? 1) + Number(more);
}

function shapeOf({ options }: LossDefinition, spec: InputSpec, draw: Draw): number[] {
  const alternatives = spec.shape.split('|');
  const pattern = tokens(alternatives[draw.alternative % alternatives.length]!);
  const classes = pattern.find((token) => token.startsWith('@'));
  if (classes === undefined) return pattern.flatMap((token) => (token === '...' ? draw.rest : [sizeOf(token, draw)]));
  const axis = axisOf(options.classAxis === undefined ? undefined : draw.options.classAxis, draw.rest.length + 1);
  return [...draw.rest.slice(0, axis), sizeOf(classes, draw), ...draw.rest.slice(axis)];
}

/** Where the classes go; last if the option names an axis that is not there, which the loss then refuses. */
function axisOf(given: unknown, rank: number): number {
  try {
    return classAxisOf({ classAxis: typeof given === 'number' ? given : 1 }, rank);
  } catch {
    return rank - 1;
  }
}

function tensorOf(
  name: string,
  spec: InputSpec,
  shape: readonly number[],
  draw: Draw,
  mistake: (typeof mistakes)[number] | undefined,
): Tensor {
  const length = shape.reduce((a, b) => a * b, 1);
  const list = <T>(values: readonly T[]): T[] => Array.from({ length }, (_, k) => values[k % values.length]!);
  const numbers = list(draw.numbers[name]!);
  const labels = list(draw.labels[name]!);
  const float = (values: readonly number[]): Tensor => ({
    dtype: 'float32',
    shape,
    data: typedArray('float32', values) as Float32Array,
  });
  const int = (values: readonly number[]): Tensor => ({ dtype: 'int32', shape, data: Int32Array.from(values) });
  if (mistake === 'dtype') return isDifferentiable(spec) ? int(labels) : float(numbers);
  switch (spec.kind) {
    case 'index': {
      const below = Math.max(1, sizeOf(spec.below ?? '12', draw));
      const ignore = typeof spec.ignore === 'number' ? spec.ignore : (draw.options[spec.ignore ?? ''] ?? -100);
      const legal = labels.map((label) =>
        label === 11 && spec.ignore !== undefined && typeof ignore === 'number' ? ignore : label % below,
      );
      return int(mistake === 'label' && length > 0 ? [below, ...legal.slice(1)] : legal);
    }
    case 'length': {
      const most = sizeOf(spec.atMost ?? '1', draw);
      return int(labels.map((label) => (mistake === 'label' ? most + 1 : most - (label % (most + 1)))));
    }
    case 'mask':
      return { dtype: 'bool', shape, data: Uint8Array.from(labels, (label) => (label % 4 === 3 ? 0 : 1)) };
    case 'sign':
      return float(labels.map((label) => (label % 2 === 0 ? 1 : -1)));
    case 'binary':
      return float(labels.map((label) => label % 2));
    case 'probability': {
      const legal = numbers.map((x) => Math.abs(x) % 1 || (x === 1 ? 1 : 0));
      return float(mistake === 'value' && length > 0 ? [1.5, ...legal.slice(1)] : legal);
    }
    case 'nonNegative': {
      const legal = numbers.map(Math.abs);
      return float(mistake === 'value' && length > 0 ? [-1, ...legal.slice(1)] : legal);
    }
    case 'logProbability':
      return float(numbers.map((x) => -Math.abs(x)));
    default: {
      // Weights are seldom negative; a class's weight and a pair's are named as a plain float.
      const values = /weight/i.test(name) ? numbers.map(Math.abs) : numbers;
      return float(mistake === 'value' && length > 0 ? [Number.NaN, ...values.slice(1)] : values);
    }
  }
}
