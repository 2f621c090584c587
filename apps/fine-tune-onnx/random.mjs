/** Shuffles lists, in the same order on every machine. */
export function shuffler(seed) {
  let state = seed;
  const below = (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  return (items) => {
    const list = [...items];
    for (let k = list.length - 1; k > 0; k--) {
      const other = below(k + 1);
      [list[k], list[other]] = [list[other], list[k]];
    }
    return list;
  };
}
