import { availableParallelism } from 'node:os';
import { type BackendId, backendIds, registration, type Target } from '../backends.ts';
import { findPackages, type InstallSize, installSize, isInstalled, nativeState } from '../doctor/packages.ts';
import { formatBytes } from '../doctor/units.ts';
import type { Candidate, Exclusion } from './types.ts';

/** Every backend; what shares a call between threads stands for two, since both have their sizes. */
export function allCandidates(ids: readonly BackendId[] = backendIds): Candidate[] {
  return ids.flatMap((backend) => {
    const plain: Candidate = { id: backend, backend, settings: {} };
    if (!registration(backend).optionalThreads) return [plain];
    return [
      { ...plain, settings: { threads: 1 } },
      { id: `${backend}-threads`, backend, settings: { threads: 'auto' } },
    ];
  });
}

/** A candidate that nothing speaks against before it is started, with the size of its install. */
export interface Entrant extends Candidate {
  readonly install: InstallSize;
}

const whyNotThere: Readonly<Record<Target, string>> = {
  node: '',
  browser: 'it is native code, or needs Node',
  edge: 'an edge worker loads no native code, and compiles no WebAssembly while it runs',
};

/** The filters that need no measuring. */
export function filterCandidates(
  candidates: readonly Candidate[],
  { target, maxInstall }: { readonly target: Target; readonly maxInstall?: number | undefined },
): { entrants: Entrant[]; excluded: Exclusion[] } {
  const entrants: Entrant[] = [];
  const excluded: Exclusion[] = [];
  const sizes = new Map<BackendId, InstallSize>();
  for (const candidate of candidates) {
    const { targets, packages } = registration(candidate.backend);
    const out = (filter: Exclusion['filter'], reason: string, remedy?: string) =>
      excluded.push({ candidate: candidate.id, filter, reason, ...(remedy === undefined ? {} : { remedy }) });
    if (!targets.includes(target)) {
      out('target', `does not run in ${target === 'edge' ? 'an edge worker' : `a ${target}`}: ${whyNotThere[target]}`);
      continue;
    }
    if (candidate.settings.threads === 'auto' && availableParallelism() === 1) {
      out('same', 'there is one core here, so that it is the one without threads');
      continue;
    }
    const found = findPackages(packages);
    const installed = found.filter(isInstalled);
    const absent = found.filter((entry) => !isInstalled(entry)).map(({ name }) => name);
    if (absent.length > 0) {
      out('not installed', `${absent.join(' and ')} not installed`, `npm install ${absent.join(' ')}`);
      continue;
    }
    const unbound = installed.find((entry) => nativeState(entry)?.binding === null);
    if (unbound !== undefined) {
      out(
        'not installed',
        `${unbound.name} has no native binding for this platform`,
        'isoloss doctor says how to get it',
      );
      continue;
    }
    const install = sizes.get(candidate.backend) ?? installSize(installed);
    sizes.set(candidate.backend, install);
    if (maxInstall !== undefined && install.bytes > maxInstall) {
      const { name, bytes } = install.packages[0]!;
      out(
        'install size',
        `takes ${formatBytes(install.bytes)} where ${formatBytes(maxInstall)} are allowed, most of it ${name} with ${formatBytes(bytes)}`,
        `allow it with --max-install ${Math.ceil(install.bytes / 1e6)}MB`,
      );
      continue;
    }
    entrants.push({ ...candidate, install });
  }
  return { entrants, excluded };
}
