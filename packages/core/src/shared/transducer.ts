import { addDims } from '../graph/dim.ts';
import { concat, constant, type Expr, iota, logAddExp, where } from '../graph/expr.ts';
import { scan } from '../ops/scan.ts';

interface TransducerInputs {
  readonly logits: Expr;
  readonly targets: Expr;
  readonly inputLengths: Expr;
  readonly targetLengths: Expr;
}

/**
 * Graves' forward recursion: α(t, u) = α(t−1, u)·blank(t−1, u) + α(t, u−1)·label(t, u−1), in logarithms. The outer scan
 * runs over frames with a row of the lattice as carry; within a frame the labels are a scan of their own.
 */
export function transducer(
  { logits, targets, inputLengths, targetLengths }: TransducerInputs,
  { blank, fusedLogSoftmax }: { blank: number; fusedLogSoftmax: boolean },
): Expr {
  const [N, T, V, C] = logits.shape;
  const column = (x: Expr, rank: number) => x.reshape([N!, ...Array.from({ length: rank - 1 }, () => 1)]);
  // What lies beyond a row's lengths is hidden before it can spoil anything.
  const inTime = iota(T!).reshape([1, T!, 1, 1]).lt(column(inputLengths, 4));
  const inLabels = iota(V!).reshape([1, 1, V!, 1]).le(column(targetLengths, 4));
  const seen = where(inTime.and(inLabels), logits, 0);
  const logP = fusedLogSoftmax ? seen.logSoftmax(3) : seen;
  const blankClass = blank < 0 ? addDims(C!, blank) : blank;
  const ofBlank = logP.slice(3, blankClass, addDims(blankClass, 1)).squeeze(3);
  const labels = where(
    iota(targets.shape[1]!).expandDims(0).lt(targetLengths.expandDims(1)),
    targets,
    constant(0, 'int'),
  );
  const ofLabel = logP
    .slice(2, 0, targets.shape[1]!)
    .gather(labels.reshape([N!, 1, targets.shape[1]!, 1]).broadcastTo([N!, T!, targets.shape[1]!, 1]), 3)
    .squeeze(3);

  // Frames first; the first frame has nothing before it but the start, in position 0.
  const [blanks, emits] = [ofBlank.transpose([1, 0, 2]), ofLabel.transpose([1, 0, 2])];
  const start = where(iota(V!).eq(0), 0, constant(-Infinity)).reshape([1, V!]).broadcastTo([N!, V!]);
  const withinFrame = (entering: Expr, emit: Expr): Expr => {
    // α(t, u) = entering(u) ⊕ (α(t, u−1) + label(u−1)), along the labels.
    const first = entering.slice(1, 0, 1).squeeze(1);
    const { outputs } = scan(
      { init: [first], sequences: [entering.slice(1, 1, V!).transpose([1, 0]), emit.transpose([1, 0])] },
      ([alpha], [enter, label]) => {
        const next = logAddExp(enter!, alpha!.add(label!));
        return { carries: [next], outputs: [next] };
      },
    );
    return concat([first.expandDims(1), outputs[0]!.transpose([1, 0])], 1);
  };
  const time = iota(T!).reshape([T!, 1, 1]);
  const active = time.lt(inputLengths.reshape([1, N!, 1]));
  // The carry is what enters the frame; a frame's blank carries it on to the next.
  const { carries } = scan(
    { init: [start], sequences: [blanks, emits, active] },
    ([entering], [blankNow, emit, isActive]) => {
      const leaving = withinFrame(entering!, emit!).add(blankNow!);
      return { carries: [where(isActive!, leaving, entering!)] };
    },
  );
  return carries[0]!.pick(targetLengths, 1).neg();
}
