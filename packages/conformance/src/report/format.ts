/** Numbers as reports show them: short, and never rounded down to something that looks right. */

/** 0.42, 13, 1.7e6, ∞. */
export function short(x: number | undefined): string {
  if (x === undefined) return '–';
  if (Number.isNaN(x)) return 'NaN';
  if (!Number.isFinite(x)) return x > 0 ? '∞' : '−∞';
  if (x === 0) return '0';
  const magnitude = Math.abs(x);
  if (magnitude >= 1e4 || magnitude < 1e-3) return x.toExponential(1).replace('e+', 'e').replace('.0e', 'e');
  return String(Number(x.toPrecision(magnitude >= 100 ? 3 : 2)));
}

/** A number with all its digits. */
export const full = (x: number): string =>
  Number.isNaN(x) ? 'NaN' : Number.isFinite(x) ? (Object.is(x, -0) ? '−0' : String(x)) : x > 0 ? '∞' : '−∞';

export const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

/** `3 cases`, `1 case`. */
export const plural = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
