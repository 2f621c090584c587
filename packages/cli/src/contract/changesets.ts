import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf, UnavailableError } from '../errors.ts';

/** What is used of the release plan that changesets makes. */
interface ReleasePlan {
  readonly changesets: readonly { readonly id: string }[];
  readonly releases: readonly { readonly name: string; readonly type: string; readonly newVersion: string }[];
}

/** What the pending changesets of a repository come to. */
export interface Planned {
  readonly changesets: readonly string[];
  /** By package: the version that it will be released as. */
  readonly versions: ReadonlyMap<string, string>;
}

/**
 * Reads the pending changesets with the repository's own @changesets/cli: the plan is then the one its release will
 * make, fixed groups, dependents and prereleases included.
 *
 * @returns undefined where the repository has no changesets
 * @throws UnavailableError where they can't be read
 */
export async function plannedVersions(root: string): Promise<Planned | undefined> {
  if (!existsSync(join(root, '.changeset/config.json'))) return undefined;
  let getReleasePlan: (folder: string) => Promise<ReleasePlan>;
  try {
    const cli = createRequire(join(root, 'package.json')).resolve('@changesets/cli/package.json');
    const file = createRequire(cli).resolve('@changesets/get-release-plan');
    const module = await import(pathToFileURL(file).href);
    // A CommonJS module's own default, or that of an ES module.
    getReleasePlan = module.default?.default ?? module.default;
  } catch (error) {
    throw new UnavailableError(
      `${root} has changesets and not what reads them: npm install --save-dev @changesets/cli, or say --bump (${messageOf(error)})`,
    );
  }
  try {
    const { changesets, releases } = await getReleasePlan(root);
    return {
      changesets: changesets.map(({ id }) => id).sort(),
      versions: new Map(
        releases.filter(({ type }) => type !== 'none').map(({ name, newVersion }) => [name, newVersion]),
      ),
    };
  } catch (error) {
    throw new UnavailableError(`the pending changesets of ${root} can’t be read: ${messageOf(error)}`);
  }
}
