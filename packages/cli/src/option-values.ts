import { type Loss, type LossDefinition, LossInputError, makeLoss, options } from '@isoloss/core';
import { UsageError } from './errors.ts';
import { isRequired, legalValues } from './option-text.ts';

/** What a text on the command line means for an option; what it can't mean is left for the loss to refuse. */
function optionValue(definition: LossDefinition, name: string, text: string): unknown {
  if (!Object.hasOwn(definition.options, name)) return text;
  const { type, nullable } = options.optionDescription(definition.options[name]!);
  if (nullable && (text === 'null' || text === 'none')) return null;
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  if (type === 'number' || type === 'integer') {
    if (/^[+-]?(inf|infinity|∞)$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
    const number = Number(text);
    return text.trim() === '' || Number.isNaN(number) ? text : number;
  }
  if (type === 'string') return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Splits `name=value`. */
export function assignment(text: string, flag: string): [name: string, value: string] {
  const at = text.indexOf('=');
  if (at <= 0) throw new UsageError(`${flag} takes name=value, not ${JSON.stringify(text)}`);
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

/**
 * A loss with the options that the user typed.
 * @throws LossInputError BAD_OPTION
 */
export function lossWith(definition: LossDefinition, typed: ReadonlyMap<string, string>): Loss {
  for (const [name, schema] of Object.entries(definition.options))
    if (!typed.has(name) && isRequired(schema))
      throw new LossInputError(
        'BAD_OPTION',
        `${definition.id} needs the option ${name}, ${legalValues(schema)}; give it as --option ${name}=<value>`,
        { input: name },
      );
  const values = [...typed].map(([name, text]) => [name, optionValue(definition, name, text)] as const);
  return makeLoss(definition, Object.fromEntries(values));
}
