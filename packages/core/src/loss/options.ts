import * as z from 'zod';
import { LossInputError } from '../errors.ts';
import type { LossDefinition } from './define.ts';

/** A finite number, or ∞ (as a p-norm's p). */
export const numberOrInfinity = (schema: z.ZodNumber): z.ZodUnion<[z.ZodNumber, z.ZodLiteral<typeof Infinity>]> =>
  z.union([schema, z.literal(Number.POSITIVE_INFINITY)]);

/** Where the classes are; default 1 as in torch, −1 for channels last. */
export const classAxis = () => z.int().default(1);

/** The label that is left out wherever it stands; null switches off. */
export const ignoreIndex = () => z.int().nullable().default(-100);

const deprecated: ReadonlyMap<string, string> = new Map([
  ['size_average', 'reduction'],
  ['reduce', 'reduction'],
]);

/** The strings that JSON writes for what it has no number for. */
const nonFinite: ReadonlyMap<string, number> = new Map([
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['NaN', Number.NaN],
  ['-0', -0],
]);

/** @throws LossInputError BAD_OPTION */
export function parseOptions(
  definition: LossDefinition,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  if (given === null || typeof given !== 'object' || Array.isArray(given))
    throw new LossInputError('BAD_OPTION', `${definition.id}: options are an object, not ${show(given)}`);
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(definition.options, name)) continue;
    const instead = deprecated.get(name);
    throw new LossInputError(
      'BAD_OPTION',
      instead
        ? `${definition.id}: ${name} is torch's deprecated spelling; use ${instead}`
        : `${definition.id} has no option ${name}; it has ${Object.keys(definition.options).join(', ')}`,
      { input: name },
    );
  }
  const parsed: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(definition.options)) {
    const raw = Object.hasOwn(given, name) ? given[name] : undefined;
    const value = typeof raw === 'string' ? (nonFinite.get(raw) ?? raw) : raw;
    const result = schema.safeParse(value);
    if (!result.success) {
      const separable = name === 'reduction' && value === 'partial' && !definition.separable;
      const why = separable
        ? `${definition.id} couples examples, so it has no partial sums`
        : `${definition.id}: ${name} must be ${describeOption(schema)}, not ${show(raw)}`;
      throw new LossInputError('BAD_OPTION', why, { input: name });
    }
    parsed[name] = result.data;
  }
  return parsed;
}

/** A value in a message; what nests too deeply for JSON is not worth showing. */
function show(value: unknown): string {
  if (typeof value === 'number') return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return `a ${typeof value}`;
  }
}

/** An option as plain data, for catalogue.json. */
export interface OptionDescription {
  readonly default: unknown;
  readonly type: string;
  readonly nullable: boolean;
  readonly values?: readonly unknown[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
  readonly infinity?: boolean;
}

type JSONSchema = {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: JSONSchema[];
  default?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
};

/** Reads an option's type, default and range out of its schema. */
export function optionDescription(schema: z.ZodType): OptionDescription {
  const json = z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' }) as JSONSchema;
  const branches = json.anyOf ?? [json];
  const main =
    branches.find((branch) => branch.type !== 'null' && branch.type !== undefined && !('const' in branch)) ??
    branches[0]!;
  const flat = main.anyOf?.[0] ?? main;
  const nullable = schema.safeParse(null).success;
  const limit = (key: 'minimum' | 'maximum' | 'exclusiveMinimum' | 'exclusiveMaximum') => {
    const value = flat[key];
    return value === undefined || Math.abs(value) >= Number.MAX_SAFE_INTEGER ? {} : { [key]: value };
  };
  return {
    default: schema.safeParse(undefined).data ?? null,
    // A number that may be null comes with both types in a list.
    type: [flat.type ?? 'string'].flat().find((type) => type !== 'null') ?? 'null',
    nullable,
    ...(flat.enum ? { values: flat.enum } : {}),
    ...limit('minimum'),
    ...limit('exclusiveMinimum'),
    ...limit('maximum'),
    ...limit('exclusiveMaximum'),
    ...(schema.safeParse(Number.POSITIVE_INFINITY).success ? { infinity: true } : {}),
  };
}

/** The legal range in words: `a number > 0`, `"none", "mean" or "sum"`, `an integer >= 0 or null`. */
export function describeOption(schema: z.ZodType): string {
  const option = optionDescription(schema);
  const words = option.values
    ? option.values.map((value) => JSON.stringify(value)).join(', ')
    : option.type === 'integer'
      ? 'an integer'
      : option.type === 'boolean'
        ? 'true or false'
        : option.type === 'object'
          ? 'an object'
          : `a ${option.type}`;
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum } = option;
  const range = [
    minimum !== undefined ? `>= ${minimum}` : exclusiveMinimum !== undefined ? `> ${exclusiveMinimum}` : '',
    maximum !== undefined ? `<= ${maximum}` : exclusiveMaximum !== undefined ? `< ${exclusiveMaximum}` : '',
  ]
    .filter(Boolean)
    .join(' and ');
  const named = typeof option.default === 'string' && !option.values ? `or ${JSON.stringify(option.default)}` : '';
  const below = schema.safeParse(Number.NEGATIVE_INFINITY).success ? 'or -Infinity' : '';
  return [words, range, named, option.infinity ? 'or Infinity' : '', below, option.nullable ? 'or null' : '']
    .filter(Boolean)
    .join(' ');
}
