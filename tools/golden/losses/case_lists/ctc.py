"""Cases of ctc."""

from math import log

from isoloss_oracle.batteries import INF, NAN, REDUCTIONS, refused_requests
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.tensors import Tensor, floats, ints

LP = floats(
    [
        [[-1.85175, -1.87827, -0.9764888, -1.159789], [-0.7968693, -0.9535705, -1.961592, -3.760799]],
        [[-1.169033, -2.754642, -1.141324, -1.183174], [-2.009671, -0.8918544, -1.012735, -2.376791]],
        [[-2.83777, -3.181047, -0.9184651, -0.6916074], [-1.611734, -3.765668, -2.551934, -0.3575672]],
        [[-1.68227, -2.208955, -0.9036854, -1.206779], [-1.884797, -2.389583, -0.7725756, -1.221967]],
        [[-0.5399451, -1.658634, -2.943308, -1.747955], [-2.470782, -2.259411, -3.533701, -0.2460635]],
    ]
)


def request(log_probs, targets, input_lengths, target_lengths):
    return {
        "logProbs": log_probs,
        "targets": targets if isinstance(targets, Tensor) else ints(targets),
        "inputLengths": ints(input_lengths),
        "targetLengths": ints(target_lengths),
    }


def lp(targets, target_lengths, input_lengths=(5, 5), log_probs=LP):
    return request(log_probs, targets, list(input_lengths), target_lengths)


GOLDEN = lp([[1, 2], [1, 1]], [2, 2])
LONG = lp([[1, 2, 3, 1, 2, 3], [1, 2, 0, 0, 0, 0]], [6, 2])


def drawn(key, T, N, C, lengths, targets, scale=2.0, logits=True):
    """Logits, or log-probabilities normalised before they are rounded to float32."""
    x = Draw(key).normal((T, N, C), scale)
    if not logits:
        x = normalized(x, C)
    return request(x, targets, lengths, [len(t) for t in targets])


def normalized(x, C):
    from isoloss_oracle.numbers import mpf
    from isoloss_oracle.softmax import log_softmax

    rows = [log_softmax([mpf(v) for v in x.data[i : i + C]]) for i in range(0, x.size, C)]
    return floats([float(v) for row in rows for v in row], x.shape)


def with_data(tensor, changes):
    data = list(tensor.data)
    for at, value in changes.items():
        data[at] = value
    return Tensor(tensor.dtype, tensor.shape, tuple(data))


def _fixtures():
    yield case("golden-none", GOLDEN, "fixture", reduction="none", near=[3.958432, 5.880050])
    yield case("golden-mean", GOLDEN, "fixture", "divides by the target lengths", reduction="mean", near=2.459620)
    yield case("golden-sum", GOLDEN, "fixture", reduction="sum", near=9.838482)
    yield case(
        "golden-partial", GOLDEN, "fixture reduction", "(Σ loss/length, N)", reduction="partial", near=[4.919241, 2]
    )
    empty_first = lp([[0, 0], [1, 1]], [0, 2])
    yield case("golden-empty-target-none", empty_first, "fixture", reduction="none", near=[8.080768, 5.880050])
    yield case("golden-empty-target-mean", empty_first, "fixture", "an empty target divides by 1", near=5.510396)
    yield case("golden-blank-3", GOLDEN, "fixture option", blank=3, reduction="none", near=[4.307354, 4.116420])
    yield case("golden-infeasible-none", LONG, "fixture infeasible", reduction="none", near=[INF, 4.809725])
    zero = {"zeroInfinity": True}
    yield case("golden-zero-none", LONG, "fixture infeasible option", reduction="none", near=[0, 4.809725], **zero)
    yield case("golden-zero-mean", LONG, "fixture infeasible option", reduction="mean", near=1.202431, **zero)
    shifted = lp([[1, 2], [1, 1]], [2, 2], log_probs=floats([v + 1 for v in LP.data], LP.shape))
    near = [-1.041567, 0.880050]
    yield case(
        "golden-unnormalised", shifted, "fixture", "log-probabilities aren't checked", reduction="none", near=near
    )
    half = floats([log(0.5)] * 4, (2, 1, 2))
    yield case(
        "two-steps", request(half, [[1]], [2], [1]), "ordinary", "three of four paths: −ln 0.75", reduction="none"
    )


def _plain():
    for name in REDUCTIONS:
        yield case(f"mixed-{name}", lp([[1, 2, 3], [2, 0, 0]], [3, 1], (5, 4)), "reduction", reduction=name)
        key = f"logits-{name}"
        yield case(key, drawn(key, 4, 2, 3, [4, 4], [[1, 2], [2, 2]]), "option reduction", logits=True, reduction=name)
    yield case(
        "logits-of-golden",
        GOLDEN,
        "option",
        "softmax of log-probabilities changes little",
        logits=True,
        reduction="none",
    )
    yield case(
        "repeats-none",
        lp([[1, 1, 2], [2, 2, 2]], [3, 3]),
        "ordinary",
        "equal neighbours need a blank",
        reduction="none",
    )
    yield case(
        "exact-fit-none",
        lp([[1, 2, 3, 2, 1], [1, 1, 1, 0, 0]], [5, 3]),
        "ordinary",
        "a single alignment",
        reduction="none",
    )
    yield case("one-step-none", lp([[1], [0]], [1, 0], (1, 1)), "ordinary", reduction="none")
    yield case(
        "zero-steps-none", lp([[1], [2]], [0, 1], (0, 3)), "ordinary", "no step and no label: 0", reduction="none"
    )
    yield case("no-labels-none", lp(ints([], (2, 0)), [0, 0]), "ordinary", "S = 0", reduction="none")
    yield case("no-labels-mean", lp(ints([], (2, 0)), [0, 0]), "ordinary", "S = 0", reduction="mean")
    single = Tensor("float32", (5, 4), tuple(v for t in range(5) for v in LP.data[t * 8 : t * 8 + 4]))
    for name in REDUCTIONS:
        alone = request(single, [1, 2], 5, 2)
        yield case(f"unbatched-{name}", alone, "rank", "(T,C) with scalar lengths", reduction=name)
    yield case("unbatched-short", request(single, [1, 2, 3], 4, 2), "rank padding", reduction="none")
    yield case("unbatched-logits", request(single, [3, 3], 5, 2), "rank option", logits=True, reduction="none")
    yield case("one-item-mean", drawn("one", 4, 1, 3, [4], [[1, 2]], logits=False), "reduction", reduction="mean")
    for blank in (1, 2):
        key = f"blank-{blank}"
        yield case(
            key,
            drawn(key, 4, 2, 3, [4, 3], [[0, 3 - blank], [0, 0]]),
            "option",
            blank=blank,
            logits=True,
            reduction="none",
        )
    yield case("two-classes", drawn("c2", 6, 1, 2, [6], [[1, 1, 1]]), "ordinary option", logits=True, reduction="none")
    yield case(
        "sixteen-steps",
        drawn("t16", 16, 1, 4, [16], [[1, 2, 3, 3, 1]]),
        "ordinary option",
        logits=True,
        reduction="none",
    )
    yield case(
        "sixteen-steps-log",
        drawn("t16l", 16, 2, 3, [16, 11], [[1, 2, 1, 1], [2, 2, 1, 2]], logits=False),
        "ordinary",
        reduction="mean",
    )


def _extremes():
    for scale in (5, 20, 90, 700, 10000):
        key = f"logits-scale-{scale}"
        yield case(
            key, drawn(key, 4, 2, 3, [4, 4], [[1, 2], [2, 2]], scale), "extreme option", logits=True, reduction="none"
        )
        key = f"log-scale-{scale}"
        far = drawn(key, 4, 1, 3, [4], [[1, 2]], scale, logits=False)
        yield case(key, far, "extreme unstable", reduction="none")
    sure = floats([[[0, 30, 0]], [[30, 0, 0]], [[0, 0, 30]]])
    yield case(
        "sure-right",
        request(sure, [[1, 2]], [3], [2]),
        "saturated unstable option",
        "a tiny loss",
        logits=True,
        reduction="none",
    )
    yield case("sure-wrong", request(sure, [[2, 1]], [3], [2]), "extreme option", logits=True, reduction="none")
    # the forward sum must keep both of two nearly equal alignments
    even = floats([[[0, 0, 0]], [[0, 0, 0]], [[0, 0, 0]], [[0, 0, 0]]])
    yield case("uniform-logits", request(even, [[1, 2]], [4], [2]), "ordinary option", logits=True, reduction="none")
    yield case(
        "scale-90-sum",
        drawn("sum90", 5, 2, 3, [5, 4], [[1, 2], [2, 2]], 90),
        "extreme option",
        logits=True,
        reduction="sum",
    )


def _infeasible():
    for name in REDUCTIONS:
        flags = "infeasible reduction"
        yield case(f"infeasible-{name}", LONG, flags, "value ∞, gradient 0", reduction=name)
        yield case(
            f"infeasible-zero-{name}", LONG, flags + " option", "value 0, gradient 0", zeroInfinity=True, reduction=name
        )
    yield case(
        "infeasible-repeats",
        lp([[1, 1, 1, 1], [1, 2, 0, 0]], [4, 2]),
        "infeasible",
        "4 labels need 7 steps",
        reduction="none",
    )
    yield case("infeasible-short-input", lp([[1, 2], [1, 2]], [2, 2], (1, 2)), "infeasible", reduction="none")
    yield case("infeasible-zero-steps", lp([[1], [2]], [1, 1], (0, 2)), "infeasible", reduction="none")
    yield case("infeasible-logits", LONG, "infeasible option", logits=True, zeroInfinity=True, reduction="none")
    yield case(
        "feasible-zero-none", GOLDEN, "option", "zeroInfinity changes nothing here", zeroInfinity=True, reduction="none"
    )


def _padding():
    beyond = {i: v for i, v in zip(range(24, 28), (NAN, INF, -INF, NAN))} | {i: NAN for i in range(32, 36)}
    hidden = lp([[1, 2], [1, 1]], [2, 2], (3, 5), with_data(LP, beyond))
    for name in REDUCTIONS:
        yield case(
            f"padded-time-{name}", hidden, "padding nan infinity", "NaN and ∞ beyond the input length", reduction=name
        )
    yield case("padded-time-logits", hidden, "padding nan infinity option", logits=True, reduction="none")
    labels = lp([[1, 99, -7], [1, 2, 1]], [1, 3])
    for name in ("none", "mean"):
        yield case(
            f"padded-labels-{name}", labels, "padding", "labels beyond the target length are never read", reduction=name
        )


def _special():
    blocked = lp([[1, 2], [1, 1]], [2, 2], log_probs=with_data(LP, {9: -INF, 17: -INF}))
    yield case("minus-infinity-none", blocked, "infinity", "impossible steps", reduction="none")
    yield case("minus-infinity-mean", blocked, "infinity", reduction="mean")
    never = lp([[1, 2], [1, 1]], [2, 2], log_probs=with_data(LP, {t * 8 + 1: -INF for t in range(5)}))
    yield case(
        "label-impossible-none",
        never,
        "infinity",
        "every alignment has probability 0: ∞",
        reduction="none",
        gradients=(),
    )
    yield case("label-impossible-zero", never, "infinity option", zeroInfinity=True, reduction="none", gradients=())
    nan = lp([[1, 2], [1, 1]], [2, 2], log_probs=with_data(LP, {9: NAN}))
    yield case("nan-none", nan, "nan", "one item NaN, the other not", reduction="none", gradients=())
    yield case("nan-mean", nan, "nan", reduction="mean", gradients=())
    for name in REDUCTIONS:
        nothing = request(floats([], (4, 0, 3)), ints([], (0, 2)), [], [])
        yield case(f"empty-{name}", nothing, "empty", "N = 0", reduction=name)


def _errors():
    yield from refused_requests(GOLDEN, first="logProbs")
    yield error("LABEL_OUT_OF_RANGE", "error-label-high", lp([[1, 4], [1, 1]], [2, 2]))
    yield error("LABEL_OUT_OF_RANGE", "error-label-negative", lp([[1, -1], [1, 1]], [2, 2]))
    yield error("LENGTH_OUT_OF_RANGE", "error-input-length-high", lp([[1, 2], [1, 1]], [2, 2], (6, 5)))
    yield error("LENGTH_OUT_OF_RANGE", "error-input-length-negative", lp([[1, 2], [1, 1]], [2, 2], (-1, 5)))
    yield error("LENGTH_OUT_OF_RANGE", "error-target-length-high", lp([[1, 2], [1, 1]], [3, 2]))
    yield error("LENGTH_OUT_OF_RANGE", "error-target-length-negative", lp([[1, 2], [1, 1]], [2, -1]))
    yield error("BAD_OPTION", "error-blank-high", GOLDEN, "blank must be a class", blank=4)
    yield error("BAD_OPTION", "error-blank-negative", GOLDEN, "blank must be a class", blank=-1)
    yield error("BAD_OPTION", "error-blank-fraction", GOLDEN, blank=0.5)
    yield error("BAD_OPTION", "error-logits-text", GOLDEN, logits="yes")
    yield error("SHAPE_MISMATCH", "error-target-rows", {**GOLDEN, "targets": ints([[1, 2]])})
    yield error("SHAPE_MISMATCH", "error-lengths", {**GOLDEN, "inputLengths": ints([5])})
    yield error("RANK_MISMATCH", "error-rank", {**GOLDEN, "logProbs": floats([-1, -2])})
    yield error("RANK_MISMATCH", "error-targets-rank", {**GOLDEN, "targets": ints([1, 2])}, "no concatenated targets")
    yield error("BAD_DTYPE", "error-float-labels", {**GOLDEN, "targets": floats([[1, 2], [1, 1]])})
    yield error("BAD_DTYPE", "error-float-lengths", {**GOLDEN, "inputLengths": floats([5, 5])})
    yield error("MISSING_INPUT", "error-missing-lengths", {k: v for k, v in GOLDEN.items() if k != "targetLengths"})


PARTS = (_fixtures, _plain, _extremes, _infeasible, _padding, _special, _errors)
CASES = [one for part in PARTS for one in part()]
