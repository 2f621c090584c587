/** A line, or that it was too long to be kept. */
export type Line = { readonly text: string } | { readonly tooLong: number };

/** A string of V8 ends at 512 MB; a line of a tenth of that is a million numbers. */
const maxLine = 256 * 2 ** 20;

/**
 * Splits a stream of bytes into lines, as they come. Not readline, since that splits at U+2028 as well, which JSON
 * strings may hold. The last line need not end in a newline.
 */
export async function* lines(input: AsyncIterable<Buffer>, limit: number = maxLine): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let length = 0;
  const take = (): Line => {
    const line = length > limit ? { tooLong: length } : { text: Buffer.concat(parts, length).toString('utf8') };
    parts = [];
    length = 0;
    return line;
  };
  const keep = (part: Buffer) => {
    length += part.length;
    if (length <= limit) parts.push(part);
    else parts = [];
  };
  for await (const chunk of input) {
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      keep(chunk.subarray(from, at));
      yield take();
      from = at + 1;
    }
    if (from < chunk.length) keep(chunk.subarray(from));
  }
  if (length > 0) yield take();
}
