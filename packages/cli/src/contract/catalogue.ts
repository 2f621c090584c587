import { isDeepStrictEqual } from 'node:util';
import type { CatalogueEntry, CatalogueInput } from '@isoloss/core';
import type { Finding } from './types.ts';

type Option = CatalogueEntry['options'][string];
type Class = Finding['class'];
/** Adds a finding about the loss at hand. */
type Say = (change: Class, what: string, before?: unknown, after?: unknown) => void;

/** Domains that hold another: what takes the wider kind takes the narrower one's values, too. */
const within: Readonly<Record<string, readonly string[]>> = {
  probability: ['nonNegative', 'float'],
  nonNegative: ['float'],
  logProbability: ['float'],
};

/** What a user of the losses can see of them: what is gone or narrower breaks, what is new or wider doesn't. */
export function compareCatalogues(before: readonly CatalogueEntry[], after: readonly CatalogueEntry[]): Finding[] {
  const findings: Finding[] = [];
  const now = new Map(after.map((entry) => [entry.id, entry]));
  const known = new Set(before.map(({ id }) => id));
  const names = new Set(after.flatMap(({ id, aliases }) => [id, ...aliases]));
  for (const old of before) {
    const say: Say = (change, what, one, other) =>
      findings.push({
        class: change,
        area: 'catalogue',
        subject: old.id,
        what,
        ...(one === undefined ? {} : { before: one }),
        ...(other === undefined ? {} : { after: other }),
      });
    const entry = now.get(old.id);
    if (entry === undefined) {
      const successor = after.find(({ aliases }) => aliases.includes(old.id));
      say(
        'major',
        successor === undefined ? 'the loss is gone' : `the loss is gone; its id is an alias of ${successor.id} now`,
      );
    } else compareLoss(old, entry, names, say);
  }
  for (const { id } of after)
    if (!known.has(id)) findings.push({ class: 'minor', area: 'catalogue', subject: id, what: 'a new loss' });
  return findings;
}

function compareLoss(before: CatalogueEntry, after: CatalogueEntry, names: ReadonlySet<string>, say: Say): void {
  const { aliases, family, summary, inputs, options, reductions, separable, ...rest } = before;
  for (const alias of aliases)
    if (!after.aliases.includes(alias))
      say('major', names.has(alias) ? `${alias} is another loss now` : `the alias ${alias} is gone`);
  for (const alias of after.aliases) if (!aliases.includes(alias)) say('minor', `a new alias, ${alias}`);
  if (family !== after.family) say('patch', 'the family is another', family, after.family);
  if (summary !== after.summary) say('patch', 'the summary is another', summary, after.summary);
  compareInputs(inputs, after.inputs, say);
  compareOptions(options, after.options, say);
  for (const reduction of reductions)
    if (!after.reductions.includes(reduction)) say('major', `the reduction ${reduction} is gone`);
  for (const reduction of after.reductions)
    if (!reductions.includes(reduction)) say('minor', `a new reduction, ${reduction}`);
  if (separable !== after.separable)
    say(separable ? 'major' : 'minor', separable ? 'shards can’t be merged any more' : 'shards can be merged now');
  for (const key of keysOf(rest, after)) {
    if (['aliases', 'family', 'summary', 'inputs', 'options', 'reductions', 'separable', 'id'].includes(key)) continue;
    const [one, other] = [fieldOf(before, key), fieldOf(after, key)];
    if (!isDeepStrictEqual(one, other)) say('patch', `${key} is another`, one, other);
  }
}

function compareInputs(before: readonly CatalogueInput[], after: readonly CatalogueInput[], say: Say): void {
  const now = new Map(after.map((input) => [input.name, input]));
  const known = new Set(before.map(({ name }) => name));
  for (const input of before) {
    const other = now.get(input.name);
    if (other === undefined) say('major', `the input ${input.name} is gone`);
    else compareInput(input, other, say);
  }
  const last = Math.max(-1, ...after.map(({ name }, k) => (known.has(name) ? k : -1)));
  after.forEach(({ name, optional }, k) => {
    if (known.has(name)) return;
    if (!optional) say('major', `a new input that must be given, ${name}`);
    // Where tensors are given by position, as to a tfLoss, it takes another's place.
    else if (k < last) say('major', `a new input, ${name}, stands before others, whose position is another`);
    else say('minor', `a new optional input, ${name}`);
  });
  const order = (list: readonly CatalogueInput[], others: { has(name: string): boolean }) =>
    list.map(({ name }) => name).filter((name) => others.has(name));
  const [was, is] = [order(before, now), order(after, known)];
  if (was.join() !== is.join()) say('major', 'the order of the inputs is another', was, is);
}

function compareInput(before: CatalogueInput, after: CatalogueInput, say: Say): void {
  const at = `the input ${before.name}`;
  if (before.kind !== after.kind)
    say(
      within[before.kind]?.includes(after.kind) ? 'minor' : 'major',
      `${at} is of another kind`,
      before.kind,
      after.kind,
    );
  if (before.shape !== after.shape) {
    const forms = after.shape.split('|').map((form) => form.trim());
    const all = before.shape.split('|').every((form) => forms.includes(form.trim()));
    say(all ? 'minor' : 'major', `${at} has another shape`, before.shape, after.shape);
  }
  flag(before.optional, after.optional, [`${at} must be given now`, `${at} may be left out now`], say);
  flag(before.broadcast, after.broadcast, [`${at} isn’t repeated any more`, `${at} is repeated now`], say);
  const gradient = [`there is no gradient by ${before.name} any more`, `there is a gradient by ${before.name} now`];
  flag(before.differentiable, after.differentiable, gradient as [string, string], say);
  if (isDeepStrictEqual(before.or, after.or)) return;
  const what =
    before.or === undefined
      ? 'has another form now'
      : after.or === undefined
        ? 'has lost its other form'
        : 'has another second form';
  say(before.or === undefined ? 'minor' : 'major', `${at} ${what}`, before.or, after.or);
}

/** Something that a user may rely on: to lose it breaks, to get it doesn't. */
function flag(before: boolean, after: boolean, [lost, gained]: readonly [string, string], say: Say): void {
  if (before && !after) say('major', lost);
  if (!before && after) say('minor', gained);
}

function compareOptions(before: CatalogueEntry['options'], after: CatalogueEntry['options'], say: Say): void {
  for (const name of keysOf(before, after)) {
    const [old, option] = [before[name], after[name]];
    if (option === undefined) say('major', `the option ${name} is gone`);
    else if (old === undefined && isRequired(option)) say('major', `a new option that must be given, ${name}`);
    else if (old === undefined) say('minor', `a new option, ${name}`);
    else compareOption(name, old, option, say);
  }
}

/** It has no default, and null is none either. */
const isRequired = (option: Option): boolean => option.default === null && !option.nullable;

function compareOption(name: string, before: Option, after: Option, say: Say): void {
  const at = `the option ${name}`;
  if (isRequired(before) !== isRequired(after))
    flag(!isRequired(before), !isRequired(after), [`${at} must be given now`, `${at} may be left out now`], say);
  else if (!isDeepStrictEqual(before.default, after.default))
    say('major', `the default of ${name} is another`, before.default, after.default);
  if (before.type !== after.type)
    say(
      before.type === 'integer' && after.type === 'number' ? 'minor' : 'major',
      `${at} is of another type`,
      before.type,
      after.type,
    );
  flag(before.nullable, after.nullable, [`${at} can’t be null any more`, `${at} may be null now`], say);
  const infinity = [`${at} can’t be infinite any more`, `${at} may be infinite now`] as const;
  flag(before.infinity ?? false, after.infinity ?? false, infinity, say);
  // Which reductions there are is compared as such.
  if (name !== 'reduction') compareValues(at, before.values, after.values, say);
  compareRange(at, before, after, say);
}

function compareValues(at: string, before: Option['values'], after: Option['values'], say: Say): void {
  if (before === undefined || after === undefined) {
    if (after !== undefined) say('major', `${at} takes only some values now`, before, after);
    if (before !== undefined) say('minor', `${at} takes any value now`, before, after);
    return;
  }
  const [gone, fresh] = [before.filter((one) => !after.includes(one)), after.filter((one) => !before.includes(one))];
  if (gone.length > 0) say('major', `${at} doesn’t take ${gone.map((one) => JSON.stringify(one)).join(', ')} any more`);
  if (fresh.length > 0) say('minor', `${at} also takes ${fresh.map((one) => JSON.stringify(one)).join(', ')}`);
}

/** An end of a range, the larger the further in: an open end is a hair further in than a closed one. */
const lower = ({ minimum = -Infinity, exclusiveMinimum = -Infinity }: Option): [number, number] =>
  exclusiveMinimum >= minimum && exclusiveMinimum > -Infinity ? [exclusiveMinimum, 1] : [minimum, 0];
const upper = ({ maximum = Infinity, exclusiveMaximum = Infinity }: Option): [number, number] =>
  exclusiveMaximum <= maximum && exclusiveMaximum < Infinity ? [-exclusiveMaximum, 1] : [-maximum, 0];

function compareRange(at: string, before: Option, after: Option, say: Say): void {
  const ends = [lower, upper].map((end) => {
    const [[a, open], [b, openNow]] = [end(before), end(after)];
    return a === b ? openNow - open : b > a ? 1 : -1;
  });
  if (ends.every((end) => end === 0)) return;
  const narrower = ends.some((end) => end > 0);
  say(
    narrower ? 'major' : 'minor',
    `${at} has a ${narrower ? 'narrower' : 'wider'} range`,
    range(before),
    range(after),
  );
}

function range({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: Option): string {
  const from = exclusiveMinimum === undefined ? `[${minimum ?? '−∞'}` : `(${exclusiveMinimum}`;
  const to = exclusiveMaximum === undefined ? `${maximum ?? '∞'}]` : `${exclusiveMaximum})`;
  return `${from}, ${to}`;
}

const keysOf = (a: object, b: object): string[] => [...new Set([...Object.keys(a), ...Object.keys(b)])];
const fieldOf = (entry: object, key: string): unknown => (entry as Record<string, unknown>)[key];
