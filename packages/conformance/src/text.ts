/** Longer texts of others are cut: messages quote what they were given. */
const maxText = 600;

// C0 and C1 controls, what is invisible or turns the direction of text, line separators, halves of a surrogate pair.
const unprintable =
  /[\p{Cc}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;

/**
 * Text that somebody else's program gave, on one line and safe to print: control characters are shown, not obeyed, so
 * that no answer can move a terminal's cursor, colour it, or reorder what stands beside it.
 */
export function clean(text: unknown, limit: number = maxText): string {
  const given = typeof text === 'string' ? text : describe(text);
  // Cut first: what is thrown away need not be cleaned, and a line may have 64 MB.
  const line = given
    .slice(0, 4 * limit)
    .replace(/\s+/g, ' ')
    .trim()
    .replace(unprintable, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
  return line.length > limit || given.length > 4 * limit ? `${line.slice(0, limit - 1)}…` : line;
}

function describe(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return typeof value;
  }
}

/** A link that may be shown as one: http and https only, undefined for anything else. */
export function safeLink(link: unknown): string | undefined {
  if (typeof link !== 'string' || link.length > 2000) return undefined;
  try {
    const url = new URL(link);
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : undefined;
  } catch {
    return undefined;
  }
}

/** The message of anything that was thrown, on one line. */
export const messageOf = (error: unknown): string => clean(error instanceof Error ? error.message : String(error));
