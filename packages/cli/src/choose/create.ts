import type { Backend, BackendDescription, FloatDType } from '@isoloss/core';
import {
  type BackendId,
  type BackendSettings,
  isBackendId,
  openBackend,
  registration,
  standIns,
  whyNot,
} from '../backends.ts';
import { UnavailableError, UsageError } from '../errors.ts';
import { checkConfig } from './config.ts';
import type { BackendConfig } from './types.ts';

/** How a backend came to be the one. */
export interface Selection {
  /** What was asked for: `auto`, an id, or the backend of a config. */
  readonly requested: string;
  readonly backend: BackendId;
  readonly settings: BackendSettings;
  /** Whether another than the first choice is used, or the first with less than was asked for. */
  readonly fallback: boolean;
  /** Why this one, in a sentence. */
  readonly reason: string;
  /** What was tried before, and why it was not used. */
  readonly skipped: readonly { readonly backend: BackendId; readonly reason: string }[];
  /** What a reader should know of the config: that it was measured on another kind of machine, say. */
  readonly notes: readonly string[];
}

/** A backend that knows why it is the one. `describe()` has the same among its notes if it is not the first choice. */
export interface SelectedBackend extends Backend {
  readonly selection: Selection;
}

/** How {@link createBackend} selects. */
export interface CreateOptions {
  /**
   * Throw rather than use anything but the first choice: for production, where a fallback that is ten times slower is worse
   * than a deployment that fails.
   */
  readonly strict?: boolean;
  /** Take only what has this dtype. Default: that of the config, else any. */
  readonly dtype?: FloatDType;
}

type Choice = { readonly backend: BackendId; readonly settings: BackendSettings };

/**
 * A backend that works here: the one asked for, else the next of the list, with a warning and a reason that can be read.
 *
 * `auto` is wasm, then whatever is installed, last the reference, which works everywhere. A config comes from
 * `isoloss choose --emit config` or `chooseBackend`, and brings the list with it, in the order of what was measured.
 *
 * @example
 * const backend = await createBackend('auto');
 * const tuned = await createBackend({ config: JSON.parse(await readFile('backend.json', 'utf8')) }, { strict: true });
 * console.log(tuned.selection.reason);
 * @throws UnavailableError with reason and remedy: if `strict`, and the first choice does not work; else if nothing does
 * @throws UsageError for an id that no backend has, or a config that is none
 */
export async function createBackend(
  wanted: 'auto' | BackendId | { readonly config: BackendConfig } = 'auto',
  { strict = false, dtype }: CreateOptions = {},
): Promise<SelectedBackend> {
  const { requested, list, why, notes, dtype: own } = listOf(wanted);
  const needed = dtype ?? own;
  const skipped: Selection['skipped'][number][] = [];
  for (const { backend: id, settings } of list) {
    const opened = await openBackend(id, settings);
    const reason = opened.available ? unfit(opened.description, id, needed) : whyNot(opened.description);
    const lessened = opened.available && reason === undefined ? lessThanAsked(opened.description, id) : undefined;
    if (opened.available && reason === undefined && !(strict && lessened !== undefined)) {
      const fallback = skipped.length > 0 || lessened !== undefined;
      const selection: Selection = {
        requested,
        backend: id,
        settings,
        fallback,
        reason: fallback ? explained(requested, id, skipped, lessened) : why,
        skipped,
        notes,
      };
      if (fallback) process.emitWarning(selection.reason, { type: 'IsolossWarning', code: 'ISOLOSS_FALLBACK' });
      return selected(opened.backend, selection);
    }
    if (opened.available) await opened.backend.dispose();
    if (strict)
      throw new UnavailableError(`${id} can't be used, and strict allows nothing else: ${reason ?? lessened}`);
    skipped.push({ backend: id, reason: reason ?? lessened! });
  }
  throw new UnavailableError(
    `no backend can be used: ${skipped.map(({ backend, reason }) => `${backend}: ${reason}`).join('; ')}`,
  );
}

function listOf(wanted: Parameters<typeof createBackend>[0]): {
  requested: string;
  list: readonly Choice[];
  why: string;
  notes: readonly string[];
  dtype?: FloatDType;
} {
  const plain = (backend: BackendId): Choice => ({ backend, settings: {} });
  if (wanted === undefined || wanted === 'auto')
    return { requested: 'auto', list: standIns.map(plain), why: `auto is ${standIns[0]} where it works`, notes: [] };
  if (typeof wanted === 'string') {
    if (!isBackendId(wanted))
      throw new UsageError(`there is no backend ${JSON.stringify(wanted)}; there are auto, ${standIns.join(', ')}`);
    const rest = standIns.filter((id) => id !== wanted);
    return { requested: wanted, list: [wanted, ...rest].map(plain), why: `${wanted} was asked for`, notes: [] };
  }
  const config = checkConfig(wanted.config);
  const { backend, settings, fallback, on } = config;
  const here = `${process.platform} ${process.arch}`;
  const there = `${on.platform} ${on.arch}`;
  const listed = [{ backend, settings }, ...fallback];
  return {
    requested: backend,
    list: [...listed, ...standIns.filter((id) => listed.every((one) => one.backend !== id)).map(plain)],
    why: config.reason,
    notes: here === there ? [] : [`chosen by measuring on ${there}, and this is ${here}: measure here, too`],
    dtype: config.for.dtype,
  };
}

/** Why a backend that works is none for this. */
function unfit(
  { runtime, dtypes, ...rest }: BackendDescription,
  id: BackendId,
  dtype?: FloatDType,
): string | undefined {
  if (dtype !== undefined && !dtypes.includes(dtype))
    return `${runtime} has no ${dtype}; to mend it: use one that has, as wasm`;
  const slowed = registration(id).slowed?.({ runtime, dtypes, ...rest });
  return slowed?.as === 'reference' ? slowed.reason : undefined;
}

function lessThanAsked(description: BackendDescription, id: BackendId): string | undefined {
  return registration(id).slowed?.(description)?.reason;
}

function explained(
  requested: string,
  id: BackendId,
  skipped: Selection['skipped'],
  lessened: string | undefined,
): string {
  const why = skipped.map(({ backend, reason }) => `${backend} can't be used (${reason})`).join(', ');
  const than = lessened === undefined ? '' : ` with less than was asked for (${lessened})`;
  return `${id}${than} is used where ${requested} was asked for${why === '' ? '' : `: ${why}`}`;
}

function selected(backend: Backend, selection: Selection): SelectedBackend {
  const added = [...(selection.fallback ? [selection.reason] : []), ...selection.notes];
  return {
    ...backend,
    selection,
    async describe() {
      const description = await backend.describe();
      return added.length === 0 ? description : { ...description, notes: [...(description.notes ?? []), ...added] };
    },
  };
}
