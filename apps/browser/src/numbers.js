/** The distance between two numbers in units in the last place: what float32 can tell apart beside `exact`. */
export function ulps(got, exact) {
  if (Object.is(got, exact) || got === exact || (Number.isNaN(got) && Number.isNaN(exact))) return 0;
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(exact))));
  return Math.abs(got - exact) / 2 ** (exponent - 23);
}

/** The largest distance of all. */
export const worstUlps = (got, exact) => exact.reduce((worst, value, k) => Math.max(worst, ulps(got[k], value)), 0);

export const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Milliseconds in words. */
export function duration(ms) {
  if (ms < 0.9995) return `${Math.max(1, Math.round(ms * 1000))} µs`;
  return ms < 999.5 ? `${ms.toPrecision(3)} ms` : `${(ms / 1000).toPrecision(3)} s`;
}

/** With a minus sign that is as wide as a plus. */
export const signed = (number, digits) => number.toFixed(digits).replace('-', '−');

/** Irregular numbers from −scale to scale, the same in every run. */
export function irregular(count, scale) {
  let state = 1;
  return Float32Array.from({ length: count }, () => {
    state = (state * 48271) % 0x7fffffff;
    return scale * (2 * (state / 0x7fffffff) - 1);
  });
}
