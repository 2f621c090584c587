import {
  type ImplementationSpec,
  implementationSubject,
  introduce,
  type KnownImplementation,
  readSpec,
  type Subject,
  specFromCommand,
} from '@isoloss/conformance';
import type { Backend } from '@isoloss/core';
import type { BackendId } from '../backends.ts';
import { messageOf, UsageError } from '../errors.ts';
import { openAll } from './open.ts';

/** A foreign implementation: how to start it, and what it said of itself. */
export interface Guest {
  readonly spec: ImplementationSpec;
  readonly known: KnownImplementation;
}

/** Who takes part in a run, as plain data: every process of it opens its own. */
export interface Participants {
  readonly ids: readonly BackendId[];
  readonly guests: readonly Guest[];
}

export interface Patience {
  readonly startTimeout?: number;
  readonly caseTimeout?: number;
}

/**
 * The specifications of the foreign implementations that are asked for; what a file says of time goes before what the
 * flags say.
 * @throws UsageError
 */
export async function specsOf(
  commands: readonly string[] = [],
  files: readonly string[] = [],
  patience: Patience = {},
): Promise<ImplementationSpec[]> {
  try {
    const read = await Promise.all(files.map(readSpec));
    return [...commands.map(specFromCommand), ...read].map((spec) => ({ ...patience, ...spec }));
  } catch (error) {
    throw new UsageError(`${messageOf(error)}; an implementation is a command, as "python3 my_losses.py"`);
  }
}

/** Starts each once, to learn its name and what it can: those of ours are called by their ids already. */
export async function invite(specs: readonly ImplementationSpec[], taken: Iterable<string>): Promise<Guest[]> {
  const names = new Set(taken);
  const guests: Guest[] = [];
  for (const spec of specs) {
    const known = await introduce(spec, names);
    names.add(known.id);
    guests.push({ spec, known });
  }
  return guests;
}

/** Everybody, ready to run. A backend of ours that was asked for by name and is absent is an error. */
export async function openParticipants(
  { ids, guests }: Participants,
  asked: boolean,
): Promise<{ all: (Backend | Subject)[]; dispose(): Promise<void> }> {
  const backends = await openAll(ids, asked);
  const subjects = guests.map(({ spec, known }) => implementationSubject(spec, known));
  const all = [...backends, ...subjects];
  return {
    all,
    dispose: async () => {
      await Promise.all(all.map((one) => one.dispose()));
    },
  };
}

/** A signal must end what was started, too: those programs are in process groups of their own. */
export function endWithSignals(): void {
  for (const [signal, number] of [
    ['SIGHUP', 1],
    ['SIGINT', 2],
    ['SIGTERM', 15],
  ] as const)
    process.once(signal, () => process.exit(128 + number));
}
