/**
 * A size: a literal, or a polynomial in named sizes in canonical text form (`N`, `2*S+1`, `N*C`).
 * The same text is the same size; two different texts are never assumed equal.
 */
export type Dim = number | string;

/** What the named sizes are in one run. */
export type Sizes = ReadonlyMap<string, number>;

type Terms = Map<string, number>; // monomial (sorted names joined by *, '' for the constant) -> coefficient

function parse(dim: Dim): Terms {
  if (typeof dim === 'number') return new Map([['', dim]]);
  const terms: Terms = new Map();
  for (const term of dim.split('+')) {
    const factors = term.split('*');
    const names = factors.filter((factor) => !/^-?\d+$/.test(factor)).sort();
    const coefficient = factors
      .filter((factor) => /^-?\d+$/.test(factor))
      .reduce((product, n) => product * Number(n), 1);
    const monomial = names.join('*');
    terms.set(monomial, (terms.get(monomial) ?? 0) + coefficient);
  }
  return terms;
}

function format(terms: Terms): Dim {
  const entries = [...terms].filter(([, coefficient]) => coefficient !== 0);
  if (entries.length === 0) return 0;
  if (entries.length === 1 && entries[0]![0] === '') return entries[0]![1];
  return entries
    .sort(([a], [b]) => (a === '' ? 1 : b === '' ? -1 : a < b ? -1 : 1))
    .map(([name, n]) => (name === '' ? `${n}` : n === 1 ? name : `${n}*${name}`))
    .join('+');
}

/** a + b, in canonical form. */
export function addDims(a: Dim, b: Dim): Dim {
  const terms = parse(a);
  for (const [name, n] of parse(b)) terms.set(name, (terms.get(name) ?? 0) + n);
  return format(terms);
}

/** a · b, in canonical form. */
export function mulDims(a: Dim, b: Dim): Dim {
  const terms: Terms = new Map();
  for (const [x, n] of parse(a)) {
    for (const [y, m] of parse(b)) {
      const name = [...x.split('*'), ...y.split('*')].filter(Boolean).sort().join('*');
      terms.set(name, (terms.get(name) ?? 0) + n * m);
    }
  }
  return format(terms);
}

/** The product of sizes; 1 of none. */
export const productOfDims = (dims: readonly Dim[]): Dim => dims.reduce(mulDims, 1);

/** A size as a sum of products, for backends that must compute it at run time: `[[2, ['S']], [1, []]]` for `2*S+1`. */
export function termsOfDim(dim: Dim): [coefficient: number, names: string[]][] {
  return [...parse(dim)].map(([name, n]) => [n, name === '' ? [] : name.split('*')]);
}

/** The value of a size in a run. */
export function sizeOfDim(dim: Dim, sizes: Sizes): number {
  if (typeof dim === 'number') return dim;
  const known = sizes.get(dim);
  if (known !== undefined) return known;
  let total = 0;
  for (const [n, names] of termsOfDim(dim)) {
    let product = n;
    for (const name of names) {
      const size = sizes.get(name);
      if (size === undefined) throw new Error(`the size ${name} is bound by no input`);
      product *= size;
    }
    total += product;
  }
  return total;
}

/** A shape in a run: every size as a number. */
export const shapeOf = (dims: readonly Dim[], sizes: Sizes): number[] => dims.map((dim) => sizeOfDim(dim, sizes));
