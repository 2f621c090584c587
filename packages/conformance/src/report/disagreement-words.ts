import type { Tensor } from '@isoloss/core';
import type { Difference, Disagreements, LibraryLoss, LossDisagreements } from '../disagreements.ts';
import type { Participant } from '../result.ts';
import { full, plural, short } from './format.ts';

/** Numbers of an input that a page shows; the vectors have the rest. */
const shown = 24;

/** An input as a reader writes it: nested, in the fewest digits that are the same number. */
export function inputInWords({ dtype, shape, data }: Tensor): string {
  if (data.length > shown) return `${dtype} of shape [${shape.join(', ')}]`;
  const numbers = Array.from(data, (x) => (dtype === 'bool' ? String(x === 1) : shortest(x, dtype)));
  const nest = (from: number, axis: number): string => {
    if (axis === shape.length) return numbers[from]!;
    const stride = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
    return `[${Array.from({ length: shape[axis]! }, (_, k) => nest(from + k * stride, axis + 1)).join(', ')}]`;
  };
  return data.length === 0 ? `empty, of shape [${shape.join(', ')}]` : nest(0, 0);
}

/** The fewest digits that give the same number in its dtype. */
function shortest(x: number, dtype: string): string {
  if (dtype !== 'float32' || !Number.isFinite(x) || Number.isInteger(x)) return full(x);
  for (let digits = 1; digits < 9; digits++)
    if (Math.fround(Number(x.toPrecision(digits))) === x) return full(Number(x.toPrecision(digits)));
  return full(x);
}

export const optionsInWords = (options: Readonly<Record<string, unknown>>): string =>
  Object.entries(options)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');

/** A row of an example: what stands where, what the definition says, what the library gives, and by how much it is off. */
export interface ExampleRow {
  readonly what: string;
  readonly expected: string;
  readonly got: string;
  readonly off: string;
}

const rowsOfLibrary = 4;

export function exampleRows(difference: Difference): ExampleRow[] {
  if (difference.kind === 'answers') {
    const [, code, got] = /^expected the error (\w+), got (?:the result )?(.*)$/.exec(difference.words) ?? [];
    return [{ what: 'value', expected: `refused with ${code ?? 'an error'}`, got: got ?? difference.words, off: '' }];
  }
  if (difference.kind !== 'numbers') {
    const got = { refuses: 'refused', breaks: 'no answer', shape: 'another shape' }[difference.kind];
    return [{ what: 'value', expected: 'a result', got, off: difference.words }];
  }
  // One of each output first: a wrong value and a wrong gradient say more than two wrong values.
  const seen = new Map<string, number>();
  const order = [...difference.elements]
    .map((element, k) => {
      const nth = seen.get(element.output) ?? 0;
      seen.set(element.output, nth + 1);
      return { element, key: nth * 1000 + k };
    })
    .sort((a, b) => a.key - b.key);
  return order.slice(0, rowsOfLibrary).map(({ element: { output, index, exact, got, error } }) => ({
    what: output === 'value' ? `value[${index}]` : `gradient by ${output}[${index}]`,
    ...apart(exact, got),
    off: Number.isFinite(error)
      ? `${short(error)}${exact === 0 ? '' : ` (${short((100 * error) / Math.abs(exact))}%)`}`
      : 'not comparable',
  }));
}

/** Two numbers in as many digits as show that they are two. */
function apart(exact: number, got: number): { expected: string; got: string } {
  const digits = (x: number, n: number) => (Number.isFinite(x) ? full(Number(x.toPrecision(n))) : full(x));
  for (let n = 8; n < 17; n++)
    if (digits(exact, n) !== digits(got, n)) return { expected: digits(exact, n), got: digits(got, n) };
  return { expected: full(exact), got: full(got) };
}

/** What differs, in a word or two: `value`, `gradient by input`, `refuses`. */
export const kindInWords = (difference: Difference): string =>
  difference.kind === 'numbers'
    ? difference.outputs.map((output) => (output === 'value' ? 'value' : `gradient by ${output}`)).join(', ')
    : { refuses: 'refuses', breaks: 'breaks', shape: 'another shape', answers: 'answers what is refused' }[
        difference.kind
      ];

/** `torch 2.13.0 (torchvision 0.28.0, python 3.11)`. */
export const nameOf = ({ id, version, runtime }: Participant): string =>
  `${id}${version === '' || version === 'unknown' ? '' : ` ${version}`}${runtime === '' || runtime === id ? '' : ` (${runtime})`}`;

/** What a library made of a loss, in a box of the table at the top. */
export const boxInWords = (of: LibraryLoss | undefined): string => {
  if (of === undefined) return '–';
  const { judged, differs, unrefused } = of;
  const numbers = differs === 0 ? `agrees (${judged - unrefused})` : `${differs} of ${judged} differ`;
  return unrefused === 0 ? numbers : `${numbers}, ${unrefused} not refused`;
};

export const differing = ({ losses }: Disagreements): LossDisagreements[] =>
  losses.filter(({ disagreements }) => disagreements.length > 0);

export const agreeing = ({ losses }: Disagreements): LossDisagreements[] =>
  losses.filter(({ disagreements }) => disagreements.length === 0);

/** The paragraph that says what the page is. */
export function introduction(page: Disagreements): string[] {
  const different = differing(page).length;
  const several = page.losses.filter(({ disagreements }) =>
    disagreements.some(({ libraries }) => libraries.length > 0),
  );
  return [
    `Of ${plural(page.losses.length, 'loss').replace('losss', 'losses')} that at least one of these libraries has, ${different} come out different from the definition in some case: in ${plural(
      several.reduce((sum, { disagreements }) => sum + disagreements.length, 0),
      'way',
    )}. Each is a golden vector that the library was run on, with its own defaults left alone where the names agree.`,
    `The definition is exact mathematics after the cited source; a library differs where it is off by more than 64 units of roundoff of the largest number that occurs. That need not be a mistake of the library's: often it is another convention. But whoever moves a model from one to the other should know.`,
  ];
}
