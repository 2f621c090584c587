// Values of inputs, from a seed: the same on every machine, and the same for every contestant.

/** Uniform numbers in [0, 1): mulberry32, which is enough for values and needs no state but a number. */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A seed of a text: each input of each loss has its own numbers. */
export function seedOf(text) {
  let hash = 2166136261;
  for (const character of text) hash = Math.imul(hash ^ character.codePointAt(0), 16777619);
  return hash >>> 0;
}

export const sizeOf = (shape) => shape.reduce((product, size) => product * size, 1);

// A generator fills an array of a shape: (data, shape, random) => void. What it needs to know it is given when made.

export const constant = (value) => (data) => {
  data.fill(value);
};

export const uniform = (low, high) => (data, _, random) => {
  for (let k = 0; k < data.length; k++) data[k] = low + (high - low) * random();
};

/** Normal numbers by Marsaglia's polar method, two at a time. */
export const normal =
  (scale = 1) =>
  (data, _, random) => {
    for (let k = 0; k < data.length; k += 2) {
      let [x, y, r] = [0, 0, 0];
      do {
        x = 2 * random() - 1;
        y = 2 * random() - 1;
        r = x * x + y * y;
      } while (r >= 1 || r === 0);
      const factor = scale * Math.sqrt((-2 * Math.log(r)) / r);
      data[k] = x * factor;
      if (k + 1 < data.length) data[k + 1] = y * factor;
    }
  };

/** Lengths and other sizes: normal numbers without their sign. */
export const halfNormal = (scale) => (data, shape, random) => {
  normal(scale)(data, shape, random);
  for (let k = 0; k < data.length; k++) data[k] = Math.abs(data[k]);
};

/** Far enough from 0 on both sides to divide by. */
export const awayFromZero = (data, _, random) => {
  for (let k = 0; k < data.length; k++) data[k] = (random() < 0.5 ? -1 : 1) * (0.5 + 1.5 * random());
};

export const signs = (data, _, random) => {
  for (let k = 0; k < data.length; k++) data[k] = random() < 0.5 ? -1 : 1;
};

export const binary =
  (share = 0.3) =>
  (data, _, random) => {
    for (let k = 0; k < data.length; k++) data[k] = random() < share ? 1 : 0;
  };

/** Whole numbers from low to high - 1. */
export const whole = (low, high) => (data, _, random) => {
  for (let k = 0; k < data.length; k++) data[k] = low + Math.floor((high - low) * random());
};

/** Positive numbers that sum to 1 along the last axis; `logarithm` gives their logarithms. */
export const distribution =
  ({ logarithm = false } = {}) =>
  (data, shape, random) => {
    const width = shape.at(-1);
    for (let start = 0; start < data.length; start += width) {
      let sum = 0;
      for (let k = 0; k < width; k++) {
        // Never 0, whose logarithm is the business of the conformance suite.
        data[start + k] = 0.02 - Math.log(1 - random());
        sum += data[start + k];
      }
      for (let k = 0; k < width; k++)
        data[start + k] = logarithm ? Math.log(data[start + k] / sum) : data[start + k] / sum;
    }
  };

/** One 1 along an axis. */
export const oneHot =
  (axis = 1) =>
  (data, shape, random) => {
    const classes = shape[axis];
    const inner = sizeOf(shape.slice(axis + 1));
    for (let outer = 0; outer < data.length; outer += classes * inner)
      for (let k = 0; k < inner; k++) data[outer + Math.floor(classes * random()) * inner + k] = 1;
  };

/** A few different labels, then −1: what multilabelMargin reads. */
export const labelLists = (count) => (data, shape, random) => {
  const classes = shape.at(-1);
  data.fill(-1);
  for (let start = 0; start < data.length; start += classes) {
    const chosen = new Set();
    while (chosen.size < count) chosen.add(Math.floor(classes * random()));
    [...chosen].forEach((label, k) => {
      data[start + k] = label;
    });
  }
};

/** x1, y1, x2, y2 of boxes of which many overlap those of another call. */
export const boxes = (data, _, random) => {
  for (let k = 0; k < data.length; k += 4) {
    data[k] = 5 * random();
    data[k + 1] = 5 * random();
    data[k + 2] = data[k] + 1 + 4 * random();
    data[k + 3] = data[k + 1] + 1 + 4 * random();
  }
};

/** A symmetric positive definite matrix, near the identity. */
export const precision = (data, [size], random) => {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) {
      const entry = (0.2 * (random() - 0.5)) / Math.sqrt(size);
      data[i * size + j] = entry;
      data[j * size + i] = entry;
    }
    data[i * size + i] = 1 + random();
  }
};
