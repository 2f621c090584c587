import { type LossDefinition, options } from '@isoloss/core';

type Schema = LossDefinition['options'][string];

/** Whether a loss can't be made without the option. */
export const isRequired = (schema: Schema): boolean => !schema.safeParse(undefined).success;

/** The legal values in words: `a number > 0, Infinity or null`, `"none", "mean" or "sum"`. */
export function legalValues(schema: Schema): string {
  const option = options.optionDescription(schema);
  // A number that may be null comes with both types in a list.
  const types = ([] as string[]).concat(option.type).filter((type) => type !== 'null');
  const noun = types.map((type) => nouns[type] ?? `a ${type}`).join(' or ');
  const own = option.values?.map((value) => JSON.stringify(value)) ?? [[noun, range(option)].filter(Boolean).join(' ')];
  const beside = (value: unknown, name = JSON.stringify(value)) => (schema.safeParse(value).success ? [name] : []);
  const special = option.values === undefined && typeof option.default === 'string' ? beside(option.default) : [];
  const infinite = [...beside(Infinity, 'Infinity'), ...beside(-Infinity, '-Infinity')];
  return list([...own, ...special, ...infinite, ...beside(null)]);
}

const nouns: Readonly<Record<string, string>> = {
  integer: 'an integer',
  object: 'an object (JSON)',
  boolean: 'true or false',
};

function range({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: options.OptionDescription): string {
  const from = minimum !== undefined ? `>= ${minimum}` : exclusiveMinimum !== undefined ? `> ${exclusiveMinimum}` : '';
  const to = maximum !== undefined ? `<= ${maximum}` : exclusiveMaximum !== undefined ? `< ${exclusiveMaximum}` : '';
  return [from, to].filter(Boolean).join(' and ');
}

const list = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
