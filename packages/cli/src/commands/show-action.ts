import {
  describeInput,
  describeLoss,
  findLoss,
  type LossDefinition,
  makeLoss,
  options,
  outputsOf,
  print as printGraph,
  signatureFor,
  simplify,
  trace,
} from '@isoloss/core';
import { isRequired, legalValues } from '../option-text.ts';
import { assignment, lossWith } from '../option-values.ts';
import { print, printJSON, table, toJSON, wrap } from '../output.ts';
import { packageOf } from '../packages/loaded.ts';
import { parseRanks } from '../ranks.ts';
import type { ShowFlags } from './show.ts';

export function show(name: string, flags: ShowFlags): void {
  const definition = findLoss(name);
  const graph = flags.graph || flags.gradient || flags.rank ? graphText(definition, flags) : undefined;
  if (flags.json) {
    const { formula, use, conventions = [], sources = [], names = {} } = definition.about ?? {};
    printJSON({ ...describeLoss(definition), formula, use, conventions, sources, names, ...(graph ? { graph } : {}) });
  } else print(graph ?? page(definition));
}

function graphText(definition: LossDefinition, { gradient = [], rank = [], option = [] }: ShowFlags): string {
  const loss = lossWith(definition, new Map(option.map((text) => assignment(text, '--option'))));
  const signature = signatureFor(definition, parseRanks(rank));
  const gradients = [...new Set(gradient.flatMap((list) => list.split(',')))];
  const program = trace(loss, { signature, gradients });
  const [value, ...rest] = simplify(outputsOf(program));
  const named = gradients.map((input, k) => [`gradient of ${input}`, rest[k]!] as const);
  return printGraph({ value: value!, ...Object.fromEntries(named) });
}

function page(definition: LossDefinition): string {
  const { id, aliases, family, about } = definition;
  const from = packageOf(id);
  const section = (title: string, lines: readonly string[]) => (lines.length > 0 ? ['', title, ...lines] : []);
  const paragraphs = (texts: readonly string[]) => texts.map((text) => wrap(text, '  '));
  return [
    `${id}${aliases.length > 0 ? ` (also ${aliases.join(', ')})` : ''} · ${family}${from === undefined ? '' : ` · ${from.name} ${from.version}`}`,
    ...(about ? [wrap(about.summary, '')] : []),
    ...section('Formula', about ? [`  ${about.formula}`] : []),
    ...section('When to use it', paragraphs(about ? [about.use] : [])),
    ...section('Inputs', inputLines(definition)),
    ...section('Options', optionLines(definition)),
    ...section('Gradient', paragraphs(gradientNote(definition))),
    ...section('Conventions', paragraphs(conventionsOf(definition).map((text) => `· ${text}`))),
    ...section('Elsewhere', table(Object.entries(about?.names ?? {}).map(([library, name]) => [`  ${library}`, name]))),
    ...section('Sources', paragraphs((about?.sources ?? []).map((text) => `· ${text}`))),
  ].join('\n');
}

/** Where the inputs alone would promise too much: a loss that has no gradient as it is without options. */
function gradientNote(definition: LossDefinition): string[] {
  if (Object.values(definition.options).some(isRequired)) return [];
  const reason = definition.notDifferentiable(makeLoss(definition, {}).options);
  return reason === undefined ? [] : [`None with the default options: ${reason}.`];
}

function conventionsOf({ about, separable }: LossDefinition): readonly string[] {
  const coupled = 'It couples the examples of a batch: shards can’t be merged, so there is no reduction "partial".';
  return [...(about?.conventions ?? []), ...(separable ? [] : [coupled])];
}

function inputLines(definition: LossDefinition): string[] {
  const described = describeLoss(definition).inputs;
  return table(
    described.map(({ name, optional, differentiable, or }) => [
      `  ${name}`,
      `${describeInput(definition.inputs[name]!)}${optional ? '; may be left out' : ''}${
        differentiable ? '; differentiable' : or?.differentiable ? '; differentiable in its second form' : ''
      }`,
    ]),
  );
}

function optionLines({ options: schemas }: LossDefinition): string[] {
  return table(
    Object.entries(schemas).map(([name, schema]) => [
      `  ${name}`,
      `${legalValues(schema)}; ${isRequired(schema) ? 'required' : `default ${defaultText(schema)}`}`,
    ]),
  );
}

function defaultText(schema: LossDefinition['options'][string]): string {
  const { default: value } = options.optionDescription(schema);
  return typeof value === 'number' ? String(value) : toJSON(value);
}
