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

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text in HTML or XML, as content or in an attribute. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character]!);

/** Text in Markdown, in a table too: nothing in it is a mark, a tag or a cell's end. */
export const escapeMarkdown = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_{}[\]|~#]/g, '\\$&')
    .replace(/[&<>]/g, (character) => entities[character]!);

/** `100%` only if it is all of them. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return '–';
  const share = (100 * part) / whole;
  return share === 100
    ? '100%'
    : share > 99
      ? `${(Math.floor(share * 100) / 100).toFixed(2)}%`
      : `${Math.floor(share)}%`;
}
