// The roof: the time in which this machine moves as many bytes as a perfect implementation of the loss would.
import { timed } from '../run/measure.mjs';
import { bothModes } from './contestant.mjs';

/**
 * A loss reads its inputs once and writes its gradients once: R + W bytes. Copying half as many bytes reads that half
 * and writes it: as much traffic. (To compare with a copy of R + W bytes, which moves twice that, double it.)
 */
export function copy(id) {
  return {
    id,
    runtime: 'Float64Array.set',
    prepare({ bytes }) {
      const buffers = {};
      const ready = (mode) => {
        if (buffers[mode] === undefined) {
          const length = Math.max(1, Math.round(bytes[mode] / 16));
          // Written once, so that no page is met for the first time while timing.
          buffers[mode] = [new Float64Array(length).fill(1), new Float64Array(length).fill(2)];
        }
        return buffers[mode];
      };
      return {
        roof: true,
        modes: bothModes,
        time(mode, repeat) {
          const [from, to] = ready(mode);
          return timed(() => to.set(from), repeat);
        },
        dispose() {},
      };
    },
  };
}
