// One case: everybody prepares it, is verified, and those that agree are timed in turn.
import { bothModes, NotOffered } from '../contestants/contestant.mjs';
import { measure } from './measure.mjs';
import { compare, tolerances } from './verify.mjs';

/** Outputs of a contestant that is done with the case afterwards. */
async function outputsOf(contestant, one) {
  const ready = await contestant.prepare(one);
  try {
    return await ready.outputs();
  } finally {
    await ready.dispose();
  }
}

const complete = (outputs, { gradients }) => gradients.every((name) => outputs.gradients?.[name] !== undefined);

/**
 * Prepares and verifies: against the reference where that is quick enough at this size; else against the reference on a
 * small case of the same loss, and at this size against the first contestant, ours first, that passed there.
 */
async function admit(one, contestants, reference) {
  const small = one.small?.();
  let truth = small === undefined ? await outputsOf(reference, one) : undefined;
  const smallTruth = small === undefined ? undefined : await outputsOf(reference, small);
  const entries = [];
  for (const contestant of contestants) {
    const entry = { id: contestant.id, status: 'timed' };
    const limit = contestant.ours ? tolerances[one.dtype] : (one.tolerance ?? tolerances[one.dtype]);
    entries.push(entry);
    try {
      if (smallTruth !== undefined && contestant.kind !== 'copy') {
        const { reason, worst } = compare(await outputsOf(contestant, small), smallTruth, limit);
        entry.verified = { at: 'small', worst };
        if (reason !== undefined) {
          Object.assign(entry, { status: 'unverified', reason: `on a small case, ${reason}` });
          continue;
        }
      }
      const ready = await contestant.prepare(one);
      entry.ready = ready;
      if (ready.roof) continue;
      const outputs = await ready.outputs();
      if (truth === undefined && complete(outputs, one)) {
        truth = outputs;
        continue;
      }
      if (truth === undefined) continue;
      const { reason, worst } = compare(outputs, truth, limit);
      entry.verified = { at: small === undefined ? 'reference' : 'small, and the first contestant here', worst };
      if (reason !== undefined) Object.assign(entry, { status: 'unverified', reason });
    } catch (error) {
      const reason = error.message.split('\n', 1)[0];
      Object.assign(entry, { status: error instanceof NotOffered ? 'not offered' : 'failed', reason });
    }
  }
  return entries;
}

/** @returns the case with a result for each contestant, as the report has it */
export async function runCase(one, contestants, reference, { modes, ...settings }) {
  const entries = await admit(one, contestants, reference);
  try {
    for (const mode of modes) {
      const running = entries.flatMap((entry) => {
        const offered = contestants.find(({ id }) => id === entry.id).modes ?? bothModes;
        return entry.status === 'timed' && offered.includes(mode) ? [{ id: entry.id, time: entry.ready.time }] : [];
      });
      for (const [id, outcome] of await measure(running, mode, settings)) {
        const entry = entries.find((candidate) => candidate.id === id);
        if (outcome instanceof Error) Object.assign(entry, { status: 'failed', reason: outcome.message });
        else entry[mode] = outcome;
      }
    }
  } finally {
    for (const { ready } of entries) await ready?.dispose();
  }
  const { id, loss, dtype, inputs, gradients, elements, bytes } = one;
  return {
    id,
    loss: loss.id,
    options: loss.options,
    dtype,
    shapes: Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, shape])),
    gradients,
    elements,
    bytes,
    results: entries.map(({ id: contestant, ready: _, ...rest }) => ({ contestant, ...rest })),
  };
}
