/** The order in which families are listed; what is not named here comes last, by name. */
const order = [
  'regression',
  'classification',
  'segmentation',
  'boxes',
  'sequence',
  'ranking',
  'embedding',
  'distance',
  'divergence',
  'distillation',
  'preference',
  'penalty',
];

const rank = (family: string): number => (order.includes(family) ? order.indexOf(family) : order.length);

/** The families of losses, each once, in the order for reading. */
export const familiesOf = (losses: Iterable<{ readonly family: string }>): string[] =>
  [...new Set(Array.from(losses, ({ family }) => family))].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
