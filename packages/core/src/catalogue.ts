import { LossInputError } from './errors.ts';
import { isDefinition, type Loss, type LossDefinition, type LossFactory, makeLoss } from './loss/define.ts';
import { type InputSpec, isDifferentiable } from './loss/inputs.ts';
import { type OptionDescription, optionDescription } from './loss/options.ts';
import * as losses from './losses/index.ts';
import { version } from './version.ts';

const byId = new Map<string, LossDefinition>();
const byName = new Map<string, LossDefinition>();

/** All losses of the catalogue, by id; and those that {@link registerLosses} has added in this process, after them. */
export const catalogue: ReadonlyMap<string, LossDefinition> = byId;

function add(definition: LossDefinition): void {
  byId.set(definition.id, definition);
  for (const name of namesOf(definition)) byName.set(name, definition);
}

/** Everything that {@link findLoss} knows it by. */
const namesOf = ({ id, aliases }: LossDefinition): string[] => [
  ...new Set([id, ...aliases].flatMap((name) => [name, kebab(name)])),
];

for (const definition of (Object.values(losses) as LossFactory[])
  .map((factory) => factory.definition)
  .sort((a, b) => (a.id < b.id ? -1 : 1)))
  add(definition);

/** What {@link defineLoss} gives, whatever its options. */
export type AnyLossFactory = Pick<LossFactory, 'id' | 'definition'>;

/**
 * The losses among the exports of a module.
 *
 * @example
 * import * as mine from 'my-loss';
 * registerLosses(lossesIn(mine));
 * @throws Error for a loss that another copy of @isoloss/core has made: what each makes the other can't compute
 */
export function lossesIn(exports: Readonly<Record<string, unknown>>): AnyLossFactory[] {
  return Object.entries(exports).flatMap(([name, value]) => {
    if (!looksLikeLoss(value)) return [];
    if (!isDefinition(value.definition))
      throw new Error(`the loss ${name} is made by another copy of @isoloss/core than this one (${version})`);
    return [value];
  });
}

function looksLikeLoss(value: unknown): value is AnyLossFactory {
  if (typeof value !== 'function') return false;
  const { id, definition } = value as Partial<AnyLossFactory>;
  return typeof id === 'string' && typeof definition?.formula === 'function';
}

/**
 * Adds losses of your own to the catalogue of this process, so that {@link findLoss} and {@link lossFromJSON} find them,
 * the line protocol serves them, and vectors of theirs are run. The same loss twice is one.
 *
 * @throws Error for an id that is no camelCase name, or a name that another loss has; then none is added
 */
export function registerLosses(added: Iterable<AnyLossFactory>): void {
  const own = new Map<string, LossDefinition>();
  const definitions = [...new Set(Array.from(added, ({ definition }) => definition))];
  for (const definition of definitions) {
    if (!/^[a-z][a-zA-Z0-9]*$/.test(definition.id))
      throw new Error(`${JSON.stringify(definition.id)} is no id of a loss: ids are camelCase, as in myLoss`);
    for (const name of namesOf(definition)) {
      const other = byName.get(name) ?? own.get(name);
      if (other !== undefined && other !== definition)
        throw new Error(
          `there is a loss ${name} already${other.id === name ? '' : ` (it is ${other.id})`}; give yours another id or alias`,
        );
      own.set(name, definition);
    }
  }
  for (const definition of definitions) add(definition);
}

function kebab(name: string): string {
  return name.replace(/([a-z])([A-Z0-9])|([0-9])([A-Z][a-z])/g, (_, a, b, c, d) => `${a ?? c}-${b ?? d}`).toLowerCase();
}

/**
 * A definition by id, alias, or either in kebab-case.
 * @throws LossInputError UNKNOWN_LOSS, with the nearest name
 */
export function findLoss(name: string): LossDefinition {
  const found = byName.get(name);
  if (found !== undefined) return found;
  // No name of ours is longer; the distance takes time by the product of the lengths.
  const asked = name.slice(0, 64).toLowerCase();
  const nearest = [...byName.keys()]
    .map((known) => [editDistance(asked, known.toLowerCase()), known] as const)
    .sort(([a], [b]) => a - b)[0];
  const hint =
    nearest !== undefined && nearest[0] <= Math.max(2, asked.length / 3)
      ? `did you mean ${nearest[1]}?`
      : 'isoloss list shows what there is';
  throw new LossInputError('UNKNOWN_LOSS', `there is no loss ${JSON.stringify(name)}; ${hint}`);
}

/** A loss by name and options as they come from JSON. */
export const lossFromJSON = (name: string, options: Readonly<Record<string, unknown>> = {}): Loss =>
  makeLoss(findLoss(name), options);

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, k) => k);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + Number(a[i - 1] !== b[j - 1])));
    row = next;
  }
  return row[b.length]!;
}

/** An input of a loss as plain data. */
export interface CatalogueInput {
  readonly name: string;
  readonly kind: InputSpec['kind'];
  readonly shape: string;
  readonly optional: boolean;
  readonly broadcast: boolean;
  readonly differentiable: boolean;
  /** The other form of the input, told apart by rank. */
  readonly or?: { readonly kind: InputSpec['kind']; readonly shape: string; readonly differentiable: boolean };
}

/** A loss as plain data: an entry of catalogue.json. */
export interface CatalogueEntry {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly family: string;
  readonly summary: string;
  readonly inputs: readonly CatalogueInput[];
  readonly options: Readonly<Record<string, OptionDescription>>;
  readonly reductions: readonly string[];
  readonly separable: boolean;
}

/** A definition as plain data: inputs, options with range and default, reductions. */
export function describeLoss(definition: LossDefinition): CatalogueEntry {
  return {
    id: definition.id,
    aliases: definition.aliases,
    family: definition.family,
    summary: definition.about?.summary ?? '',
    inputs: Object.entries(definition.inputs).map(([name, spec]) => ({
      name,
      kind: spec.kind,
      shape: spec.shape,
      optional: spec.optional,
      broadcast: spec.broadcast,
      differentiable: isDifferentiable(spec),
      ...(spec.or
        ? { or: { kind: spec.or.kind, shape: spec.or.shape, differentiable: isDifferentiable(spec.or) } }
        : {}),
    })),
    options: Object.fromEntries(
      Object.entries(definition.options).map(([name, schema]) => [name, optionDescription(schema)]),
    ),
    reductions: definition.reductions,
    separable: definition.separable,
  };
}
