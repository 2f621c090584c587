import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  type ConformanceRequest,
  type LossBounds,
  parseVectors,
  type VectorCase,
  type VectorFile,
} from '@isoloss/conformance';
import type { FloatDType, Loss, LossDefinition } from '@isoloss/core';

type Accuracy = Readonly<Record<string, number>>;

/** A release that is to be held, as plain data: every process opens it for itself. */
export interface Against {
  /** The folder of its vectors. */
  readonly vectors: string;
  /**
   * Its definitions: those of the core in a folder node_modules, or what a module of a package of losses exports.
   * undefined: they can't be loaded, and numbers are judged by the bounds of the definitions that are here.
   */
  readonly definitions: { readonly folder: string } | { readonly module: string } | undefined;
  /** What its backends promise of their elementary functions, by the id of who is judged by it. */
  readonly accuracy: Readonly<Record<string, Accuracy | undefined>>;
}

/** What is used of a release's packages: as little as can be, since it is a promise to every later version. */
interface Modules {
  readonly core: {
    findLoss(id: string): LossDefinition;
    makeLoss(definition: LossDefinition, options: Readonly<Record<string, unknown>>): Loss;
  };
  readonly conformance: {
    lossBounds(
      loss: Loss,
      inputs: VectorCase['inputs'],
      request: { dtype: FloatDType; accuracy: Accuracy | undefined; gradients: readonly string[] },
    ): LossBounds;
  };
}

/** Two copies of core may be here: a release's definitions are traced by the one that they were made with. */
async function load(definitions: NonNullable<Against['definitions']>): Promise<Modules> {
  if ('module' in definitions) {
    const [core, conformance] = await Promise.all([import('@isoloss/core'), import('@isoloss/conformance')]);
    const losses = core.lossesIn(await import(pathToFileURL(definitions.module).href));
    const own = new Map(losses.map(({ definition }) => [definition.id, definition]));
    return { core: { ...core, findLoss: (id) => own.get(id) ?? core.findLoss(id) }, conformance };
  }
  const require = createRequire(join(definitions.folder, 'release.js'));
  const [core, conformance] = await Promise.all(
    ['@isoloss/core', '@isoloss/conformance'].map((name) => import(pathToFileURL(require.resolve(name)).href)),
  );
  return { core, conformance };
}

/**
 * The vectors of a release, and its bounds: a definition that is less stable than before must not earn itself wider
 * ones.
 */
export async function openAgainst({ vectors: folder, definitions, accuracy }: Against): Promise<{
  vectors(loss: string): Promise<VectorFile>;
  readonly boundsOf?: NonNullable<ConformanceRequest['boundsOf']>;
}> {
  const vectors = async (loss: string) =>
    parseVectors(JSON.parse(await readFile(join(folder, `${loss}.json`), 'utf8')));
  if (definitions === undefined) return { vectors };
  const { core, conformance } = await load(definitions);
  const known = new WeakMap<VectorCase, Map<string, LossBounds | Error>>();
  return {
    vectors,
    boundsOf(entry, { backend, dtype }) {
      const own = known.get(entry) ?? new Map<string, LossBounds | Error>();
      known.set(entry, own);
      const key = `${dtype} ${JSON.stringify(accuracy[backend] ?? null)}`;
      const found = own.get(key) ?? bounds(entry, dtype, accuracy[backend]);
      own.set(key, found);
      return found;
    },
  };

  function bounds(entry: VectorCase, dtype: FloatDType, stated: Accuracy | undefined): LossBounds | Error {
    const gradients = 'error' in entry.expected ? [] : Object.keys(entry.expected.gradients);
    try {
      const loss = core.makeLoss(core.findLoss(entry.loss), entry.options);
      return conformance.lossBounds(loss, entry.inputs, { dtype, accuracy: stated, gradients });
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }
}
