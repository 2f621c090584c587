import { describeInput, findLoss, type LossDefinition, options } from '@isoloss/core';
import { type Command, Option } from 'commander';
import { UsageError } from './errors.ts';
import { kebab } from './kebab.ts';
import { isRequired, legalValues } from './option-text.ts';
import { toJSON } from './output.ts';

/** Which flags are a loss's own, by the attribute that commander stores their value under. */
export interface LossFlags {
  readonly definition: LossDefinition;
  readonly inputs: ReadonlyMap<string, string>;
  readonly options: ReadonlyMap<string, string>;
}

/**
 * Adds a flag for each input and option of the loss that the arguments name, so that `--help` shows them and a
 * mistyped one is told what was meant. Where names clash the command's own flag wins, then the input, then the option;
 * what has lost is still given by `--tensor name=file` and `--option name=value`.
 *
 * @param at which argument names the loss
 * @returns the flags, none if no loss is named, and the arguments as commander can read them
 * @throws LossInputError UNKNOWN_LOSS
 */
export function addLossFlags(
  command: Command,
  args: readonly string[],
  { inputs, at = 0 }: { inputs: boolean; at?: number },
): { flags: LossFlags | undefined; args: string[] } {
  const name = args[at];
  if (name === undefined || args.slice(0, at + 1).some((arg) => arg.startsWith('-')))
    return { flags: undefined, args: [...args] };
  const definition = findLoss(name);
  const taken = new Set(command.options.map((option) => option.long));
  const found = { inputs: new Map<string, string>(), options: new Map<string, string>() };
  const spellings = new Map<string, string>();
  const add = (kind: 'inputs' | 'options', own: string, option: Option) => {
    if (taken.has(option.long)) return;
    taken.add(option.long);
    command.addOption(
      option.helpGroup(kind === 'inputs' ? `Inputs of ${definition.id}:` : `Options of ${definition.id}:`),
    );
    found[kind].set(option.attributeName(), own);
    spellings.set(`--${own}`, option.long!);
    if (option.optional)
      spellings.set(`--no-${own}`, `${option.long}=false`).set(`--no-${kebab(own)}`, `${option.long}=false`);
  };
  if (inputs)
    for (const [own, spec] of Object.entries(definition.inputs))
      add(
        'inputs',
        own,
        new Option(`--${kebab(own)} <file>`, `${describeInput(spec)}${spec.optional ? ', may be left out' : ''}`),
      );
  for (const [own, schema] of Object.entries(definition.options)) {
    const description = options.optionDescription(schema);
    const value = description.type === 'boolean' ? '[boolean]' : '<value>';
    const standard =
      typeof description.default === 'object' ? toJSON(description.default) : String(description.default);
    add(
      'options',
      own,
      new Option(
        `--${kebab(own)} ${value}`,
        `${legalValues(schema)} (${isRequired(schema) ? 'required' : `default: ${standard}`})`,
      ),
    );
  }
  return { flags: { definition, ...found }, args: args.map((arg) => respell(arg, spellings)) };
}

/** camelCase, as everywhere else in isoloss, is as good as kebab-case. */
function respell(arg: string, spellings: ReadonlyMap<string, string>): string {
  const at = arg.indexOf('=');
  const flag = at < 0 ? arg : arg.slice(0, at);
  const spelling = spellings.get(flag);
  return spelling === undefined ? arg : `${spelling}${at < 0 ? '' : arg.slice(at)}`;
}

/** @throws UsageError if the arguments did not name the loss where its flags are looked for */
export function namedLoss(flags: LossFlags | undefined): LossFlags {
  if (flags === undefined) throw new UsageError('the loss comes before all flags, so that its own flags are known');
  return flags;
}

/** What was typed for the loss's own options, as text. */
export function typedOptions(flags: LossFlags, values: Readonly<Record<string, unknown>>): Map<string, string> {
  const typed = new Map<string, string>();
  for (const [attribute, name] of flags.options) {
    const value = values[attribute];
    if (value !== undefined) typed.set(name, String(value));
  }
  return typed;
}
