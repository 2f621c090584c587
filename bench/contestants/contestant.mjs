// What every contestant is. Loaders (one file each) give it to the table in index.mjs.

/**
 * @typedef {object} Ready a contestant that holds one case
 * @property {() => Promise<{ value: number, gradients?: Record<string, ArrayLike<number>> }>} outputs
 * @property {(mode: 'forward' | 'gradient', repeat: number) => Promise<{ wall: number, cpu: number }>} time
 *   milliseconds of so many runs together: see `timed`
 * @property {() => Promise<void> | void} dispose
 *
 * @typedef {object} Contestant
 * @property {string} id
 * @property {string} runtime what it runs on, with versions
 * @property {readonly ('forward' | 'gradient')[]} [modes] default both
 * @property {boolean} [ours]
 * @property {(one: object) => Promise<Ready>} prepare @throws NotOffered where it has no such loss
 * @property {() => Promise<void> | void} [close]
 */

/** Not a failure: a contestant simply doesn't have it. */
export class NotOffered extends Error {}

export const bothModes = ['forward', 'gradient'];
