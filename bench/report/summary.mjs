// What the numbers say: how long ours takes of another's time, over all cases that both have.
import { quantile } from '../run/measure.mjs';

/** Whom to compare: at equal threads where both have them. A pair of one kind compares its threads. */
const pairs = [
  ['wasm', 'torch'],
  ['wasm', 'jax'],
  ['wasm', 'copy'],
  ['wasm', 'onnx-node'],
  ['wasm', 'tf.losses'],
  ['wasm', 'wasm'],
  ['tfLoss', 'tf.losses'],
  ['onnx-model', 'onnx-naive'],
  ['onnx-model', 'torch'],
  ['onnx-node', 'torch'],
];

function ratios(label, cases, times) {
  const found = cases.flatMap((one) => {
    const [ours, theirs] = times(one);
    return ours === undefined || theirs === undefined ? [] : [{ case: `${one.id} ${one.dtype}`, ratio: ours / theirs }];
  });
  if (found.length === 0) return [];
  const sorted = found.sort((a, b) => a.ratio - b.ratio);
  return [
    {
      ...label,
      cases: sorted.length,
      median: quantile(
        sorted.map(({ ratio }) => ratio),
        0.5,
      ),
      best: sorted[0],
      worst: sorted.at(-1),
      slower: sorted.filter(({ ratio }) => ratio > 1).reverse(),
    },
  ];
}

/** Ratios of times, ours over theirs (below 1 we are faster), by pair, mode and dtype. */
export function comparisons(contestants, cases, { modes, statistic }) {
  const timeOf = (one, id, mode) => one.results.find(({ contestant }) => contestant === id)?.[mode]?.[statistic];
  const dtypes = [...new Set(cases.map(({ dtype }) => dtype))];
  const of = (kind) => contestants.filter((contestant) => contestant.kind === kind);
  const matched = pairs.flatMap(([ours, theirs]) =>
    of(ours).flatMap((a) =>
      of(theirs)
        .filter((b) =>
          // One kind: more threads over one. Else equal threads; what has no number of its own uses all processors.
          ours === theirs ? b.threads === 1 && a.threads > 1 : (b.threads ?? a.threads) === (a.threads ?? b.threads),
        )
        .map((b) => [a.id, b.id]),
    ),
  );
  const among = (dtype) => cases.filter((one) => one.dtype === dtype);
  const across = dtypes.flatMap((dtype) =>
    modes.flatMap((mode) =>
      matched.flatMap(([a, b]) =>
        ratios({ ours: a, theirs: b, mode, dtype }, among(dtype), (one) => [
          timeOf(one, a, mode),
          timeOf(one, b, mode),
        ]),
      ),
    ),
  );
  if (modes.length < 2) return across;
  // What the gradient costs beside the value alone.
  const gradients = dtypes.flatMap((dtype) =>
    contestants
      .filter(({ ours }) => ours)
      .flatMap(({ id }) =>
        ratios({ ours: id, theirs: `${id} forward`, mode: 'gradient', dtype }, among(dtype), (one) => [
          timeOf(one, id, 'gradient'),
          timeOf(one, id, 'forward'),
        ]),
      ),
  );
  return [...across, ...gradients];
}
