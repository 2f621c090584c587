"""Graves, Sequence Transduction with Recurrent Neural Networks, 2012, eq. 16–18: −ln Σ over lattice paths of Π p.

α(t,u) = α(t−1,u)·∅(t−1,u) + α(t,u−1)·y(t,u−1), Pr(y|x) = α(T−1,U)·∅(T−1,U), in plain probabilities. Small lattices
are also summed path by path (`by_paths`), and both must agree.
"""

from itertools import combinations

from isoloss_oracle.batteries import INF, NAN, REDUCTIONS, less_stable, refused_requests
from isoloss_oracle.blocks import Block, Unreduced, is_masked
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.crosscheck import Check
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import exp, log, mpf
from isoloss_oracle.softmax import log_softmax
from isoloss_oracle.tensors import bools, floats, ints


def likelihood(blank, label, T, U):
    """`blank[t][u]`, `label[t][u]`: the probabilities of leaving (t, u) forwards and upwards."""
    alpha = [[mpf(0)] * (U + 1) for _ in range(T)]
    for t in range(T):
        for u in range(U + 1):
            ways = mpf(1) if t == u == 0 else mpf(0)
            ways += alpha[t - 1][u] * blank[t - 1][u] if t else 0
            ways += alpha[t][u - 1] * label[t][u - 1] if u else 0
            alpha[t][u] = ways
    return alpha[T - 1][U] * blank[T - 1][U]


def by_paths(blank, label, T, U):
    """Σ over the ways to place U labels among T + U steps, of which the last is a blank."""
    total = mpf(0)
    for ups in combinations(range(T - 1 + U), U):
        t = u = 0
        p = mpf(1)
        for step in range(T - 1 + U):
            if step in ups:
                p, u = p * label[t][u], u + 1
            else:
                p, t = p * blank[t][u], t + 1
        total += p * blank[t][u]
    return total


def formula(rows, labels, T, o):
    """`rows[t][u]` are the logits at a node."""
    U = len(labels)
    if o.fusedLogSoftmax:
        rows = [[log_softmax(x) for x in row] for row in rows]
    blank = [[exp(x[o.blank]) for x in row] for row in rows]
    label = [[exp(row[u][labels[u]]) for u in range(U)] for row in rows]
    total = likelihood(blank, label, T, U)
    if total == total and T <= 4 and U <= 3:
        assert abs(total - by_paths(blank, label, T, U)) <= abs(total) * mpf(10) ** -500
    return -log(total)


def unreduced(inputs, o):
    N, frames, V, C = inputs["logits"].shape
    blocks = []
    for n in range(N):
        if is_masked(inputs, (n,)):
            blocks.append(None)
            continue
        T, U = inputs["inputLengths"].data[n], inputs["targetLengths"].data[n]
        labels = inputs["targets"].data[n * (V - 1) : n * (V - 1) + U]
        blocks.append(_block(n, T, labels, (frames, V, C), o))
    return Unreduced((N,), blocks)


def _block(n, T, labels, sizes, o):
    frames, V, C = sizes
    if T == 0:
        # Without a frame there is no last blank; the start alone aligns nothing with nothing.
        return Block(lambda numbers: mpf(0) if not labels else INF, [])
    nodes = [(t, u) for t in range(T) for u in range(len(labels) + 1)]
    first = {at: ((n * frames + at[0]) * V + at[1]) * C for at in nodes}

    def one(numbers):
        at = {node: numbers[k * C : (k + 1) * C] for k, node in enumerate(nodes)}
        return formula([[at[t, u] for u in range(len(labels) + 1)] for t in range(T)], labels, T, o)

    return Block(one, [("logits", first[node] + c) for node in nodes for c in range(C)])


def request(logits, targets, input_lengths, target_lengths):
    return {
        "logits": logits,
        "targets": targets if not isinstance(targets, list) else ints(targets),
        "inputLengths": ints(input_lengths),
        "targetLengths": ints(target_lengths),
    }


def drawn(key, shape, input_lengths, targets, scale=1.0, width=None):
    """Logits (N, T, U+1, C), and targets padded with 0."""
    N, T, V, C = shape
    padded = [row + [0] * (V - 1 - len(row)) for row in targets]
    targets_ = ints(padded, (N, V - 1))
    return request(Draw(key).normal(shape, scale), targets_, input_lengths, [len(row) for row in targets])


GOLDEN = request(
    floats(
        [
            [
                [[0.1, 0.6, 0.1, 0.1, 0.1], [0.1, 0.1, 0.6, 0.1, 0.1], [0.1, 0.1, 0.2, 0.8, 0.1]],
                [[0.1, 0.6, 0.1, 0.1, 0.1], [0.1, 0.1, 0.2, 0.1, 0.1], [0.7, 0.1, 0.2, 0.1, 0.1]],
            ]
        ]
    ),
    [[1, 2]],
    [2],
    [2],
)
GOOD = drawn("good", (2, 2, 2, 2), [2, 1], [[1], [1]])


def with_data(tensor, changes):
    data = list(tensor.data)
    for at, value in changes.items():
        data[at] = value
    return type(tensor)(tensor.dtype, tensor.shape, tuple(data))


def _cases():
    yield case("golden", GOLDEN, "fixture", "torchaudio's test data", reduction="none", near=5.09566688538)
    yield case("golden-mean", GOLDEN, "fixture", near=5.09566688538)
    for name in REDUCTIONS:
        inputs = drawn(f"reduce-{name}", (2, 2, 2, 3), [2, 2], [[1], [0]])
        yield case(f"reduce-{name}", inputs, "ordinary reduction", reduction=name)
        none = request(floats([], (0, 2, 2, 3)), ints([], (0, 1)), [], [])
        yield case(f"empty-{name}", none, "empty", reduction=name)
        masked = {**drawn(f"mask-{name}", (2, 2, 2, 2), [2, 2], [[0], [0]]), "mask": bools([True, False])}
        yield case(f"mask-{name}", masked, "mask", reduction=name)
    yield case("lattice", drawn("lattice", (1, 3, 3, 3), [3], [[1, 0]]), "ordinary", "T = 3, U = 2", reduction="none")
    yield case(
        "tall", drawn("tall", (1, 1, 4, 2), [1], [[0, 0, 0]]), "ordinary", "one frame: one path", reduction="none"
    )
    yield case("wide", drawn("wide", (1, 4, 2, 2), [4], [[0]]), "ordinary", "T = 4, U = 1", reduction="none")
    yield case("value-4-3", drawn("v43", (1, 4, 4, 3), [4], [[1, 0, 1]]), "ordinary", reduction="none", gradients=())
    no_labels = drawn("no-labels", (1, 3, 1, 2), [3], [[]])
    yield case("no-labels", no_labels, "ordinary", "U = 0: blanks alone", reduction="none")
    repeats = drawn("repeats", (1, 2, 3, 2), [2], [[0, 0]])
    yield case("repeats", repeats, "ordinary", "equal neighbours need nothing between", reduction="none")
    short = drawn("lengths", (2, 3, 3, 2), [3, 2], [[0], [0, 0]])
    yield case("lengths", short, "ordinary", "each its own lattice", reduction="none")
    padding = {i: (NAN, INF, -INF)[i % 3] for i in range(18) if i // 6 == 2 or i // 2 % 3 == 2}
    padded = drawn("padding", (1, 3, 3, 2), [2], [[0]])
    padded = {**padded, "logits": with_data(padded["logits"], padding), "targets": ints([[0, 99]])}
    yield case("padding", padded, "padding", "NaN, ∞ and no label beyond the lengths", reduction="none")
    yield case("padding-mean", padded, "padding", reduction="mean")
    unread = {**padded, "logits": with_data(padded["logits"], {i: -7.0 for i in padding})}
    yield case("padding-finite", unread, "padding", "the same numbers as `padding`", reduction="none")
    for blank in (0, 1, 2, -3):
        labels = [[1]] if blank in (0, 2, -3) else [[0]]
        yield case(f"blank-{blank}", drawn("blank", (1, 2, 2, 3), [2], labels), "option", blank=blank, reduction="none")
    yield case(
        "blank-label", drawn("bl", (1, 2, 2, 2), [2], [[1]]), "ordinary", "a label that is blank", reduction="none"
    )
    plain = {"fusedLogSoftmax": False, "reduction": "none"}
    yield case("log-probabilities", drawn("lp", (1, 2, 2, 3), [2], [[1]]), "option", "taken as they are", **plain)
    logs = with_data(GOLDEN["logits"], {})
    rows = [log_softmax([mpf(v) for v in logs.data[i : i + 5]]) for i in range(0, 30, 5)]
    logs = floats([float(v) for row in rows for v in row], logs.shape)
    yield case("golden-logs", {**GOLDEN, "logits": logs}, "option fixture", near=5.09566688538, **plain)
    closed = with_data(drawn("closed", (1, 2, 2, 2), [2], [[0]])["logits"], {4: -INF, 6: 0.5})
    closed = {**drawn("closed", (1, 2, 2, 2), [2], [[0]]), "logits": closed}
    yield case("closed-label", closed, "infinity", "one way up is closed", gradients=(), **plain)
    for scale in (5, 20, 90, 700, 10000):
        inputs = drawn(f"scale-{scale}", (1, 2, 2, 2), [2], [[0]], scale)
        yield case(f"scale-{scale}", inputs, "extreme", reduction="none")
    sure = floats([[[[30, -20], [-20, 30]], [[-10, 30], [-20, 20]]]])
    yield case("right", request(sure, [[0]], [2], [1]), "saturated", "a tiny loss", reduction="none")
    nan = drawn("nan", (1, 1, 2, 2), [1], [[0]])
    yield case("nan", {**nan, "logits": with_data(nan["logits"], {0: NAN})}, "nan", reduction="none", gradients=())
    yield from _errors()


def _errors():
    yield from refused_requests(GOOD, first="logits")
    yield error("LABEL_OUT_OF_RANGE", "error-label", {**GOOD, "targets": ints([[1], [2]])})
    yield error("LABEL_OUT_OF_RANGE", "error-label-negative", {**GOOD, "targets": ints([[1], [-1]])})
    yield error("LENGTH_OUT_OF_RANGE", "error-input-length", {**GOOD, "inputLengths": ints([3, 1])})
    yield error("LENGTH_OUT_OF_RANGE", "error-target-length", {**GOOD, "targetLengths": ints([1, 2])})
    yield error("LENGTH_OUT_OF_RANGE", "error-length-negative", {**GOOD, "inputLengths": ints([-1, 1])})
    yield error("SHAPE_MISMATCH", "error-labels", {**GOOD, "targets": ints([[1, 1], [0, 1]])}, "logits have U + 1 rows")
    yield error("SHAPE_MISMATCH", "error-batch", {**GOOD, "targetLengths": ints([1])})
    yield error("RANK_MISMATCH", "error-rank", {**GOOD, "targets": ints([1, 1])})
    yield error("BAD_OPTION", "error-blank", GOOD, "no such class", blank=2)
    yield error("BAD_OPTION", "error-blank-negative", GOOD, "no such class", blank=-3)
    yield error("BAD_DTYPE", "error-float-targets", {**GOOD, "targets": floats([[1], [1]])})


def _torch(case, o, names):
    """torch has no transducer: its recursion in torch's logarithms, differentiated by torch."""
    from isoloss_oracle import libraries
    from isoloss_oracle.crosscheck import torch_answer, torch_inputs

    if o.reduction == "partial" or {"padding", "infinity", "nan", "empty", "mask"} & set(case.flags):
        return None
    torch = libraries.load("torch")
    tensors = torch_inputs(case, names)
    logs = tensors["logits"].log_softmax(-1) if o.fusedLogSoftmax else tensors["logits"]
    losses = []
    for n in range(logs.shape[0]):
        T, U = case.inputs["inputLengths"].data[n], case.inputs["targetLengths"].data[n]
        labels = tensors["targets"][n]
        beta = {}
        for t in reversed(range(T)):
            for u in reversed(range(U + 1)):
                ways = [beta[t + 1, u] + logs[n, t, u, o.blank]] if t + 1 < T else []
                ways += [logs[n, t, u, o.blank]] if t + 1 == T and u == U else []
                ways += [beta[t, u + 1] + logs[n, t, u, labels[u]]] if u < U else []
                beta[t, u] = torch.stack(ways).logsumexp(0)
        losses.append(-beta[0, 0])
    losses = torch.stack(losses)
    return torch_answer(losses if o.reduction == "none" else getattr(losses, o.reduction)(), tensors, names)


RECURSION = "a recursion in logarithms loses a little at every node"

LOSS = Loss(
    id="rnnt",
    paper="Graves, Sequence Transduction with Recurrent Neural Networks, 2012, eq. 16–18; data from torchaudio's tests",
    defaults={"blank": -1, "fusedLogSoftmax": True},
    unreduced=unreduced,
    cases=less_stable(_cases(), lambda c: c.gradients is None and not {"empty", "option"} & set(c.flags), RECURSION),
    checks=[Check("torch", "logsumexp of the backward variables", _torch)],
)
