"""Cases of crossEntropy."""

from isoloss_oracle.batteries import INF, NAN, REDUCTIONS, refused_requests
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.labelled import index, one_hot, soft
from isoloss_oracle.tensors import bools, floats, ints

L3 = [[1, 2, 3], [0.5, -1, 0.2]]
P3 = [[0.1, 0.2, 0.7], [0.3, 0.3, 0.4]]
W3 = floats([1, 2, 3])
INDEX = {"input": floats(L3), "target": ints([2, 0])}
PROBS = {"input": floats(L3), "target": floats(P3)}


def hard_rows(scale):
    """Sure and right, sure and wrong, undecided between two, one outlier below."""
    s = scale
    return floats([[s, 0, -s], [s, 0, -s], [s, s, -s], [0, -s, 0.5]]), [0, 2, 1, 1]


def _reductions():
    for name in REDUCTIONS:
        yield case(f"index-{name}", index(f"index-{name}", (3, 4)), "ordinary reduction", reduction=name)
        yield case(f"soft-{name}", soft(f"soft-{name}", (3, 4)), "ordinary reduction", reduction=name)
        weighted = {**index(f"iw-{name}", (3, 3)), "weight": W3}
        yield case(f"index-weight-{name}", weighted, "weight reduction", reduction=name)
        weighted = {**soft(f"sw-{name}", (3, 3)), "weight": W3}
        yield case(f"soft-weight-{name}", weighted, "weight reduction", reduction=name)


def _fixtures():
    yield case("golden-index-none", INDEX, "fixture", reduction="none", near=[0.4076059, 0.6749570])
    yield case("golden-index-mean", INDEX, "fixture", reduction="mean", near=0.5412815)
    weighted = {**INDEX, "weight": W3}
    yield case("golden-weight-none", weighted, "fixture weight", reduction="none", near=[1.2228179, 0.6749570])
    yield case("golden-weight-mean", weighted, "fixture weight", "divides by 3 + 1", reduction="mean", near=0.4744437)
    slopes = {"target": [x / 2 for x in (2.407606, 1.407606, 0.407606, 0.674957, 2.174957, 0.974957)]}
    yield case("golden-soft-none", PROBS, "fixture", reduction="none", near=[0.8076059, 1.2449571])
    yield case("golden-soft-mean", PROBS, "fixture", reduction="mean", near_gradient=slopes)
    weighted = {**PROBS, "weight": W3}
    yield case("golden-soft-weight-mean", weighted, "fixture weight", reduction="mean", near=2.1685925)
    yield case("golden-soft-weight-none", weighted, "fixture weight", reduction="none", near=[1.6597755, 2.6774096])
    near = [1.7086525, 2.6746602]
    yield case("golden-soft-smoothing", weighted, "fixture option", reduction="none", labelSmoothing=0.1, near=near)
    near = [1.3153906, 0.8724527]
    weighted = {**INDEX, "weight": W3}
    yield case("golden-smoothing-none", weighted, "fixture option", reduction="none", labelSmoothing=0.1, near=near)
    yield case("golden-smoothing-mean", weighted, "fixture option", labelSmoothing=0.1, near=0.5469608)
    yield case(
        "golden-smoothing-ignore", weighted, "fixture option ignore", labelSmoothing=0.1, ignoreIndex=0, near=0.4384635
    )
    twice = {"input": floats([[1, 2, 3]]), "target": floats([[2, 0, 0]])}
    near = {"input": [-1.81994, 0.48946, 1.33048]}
    yield case(
        "golden-sum-2-none",
        twice,
        "fixture",
        "targets that sum to 2",
        reduction="none",
        near=4.815212,
        near_gradient=near,
    )
    yield case(
        "uniform-none",
        {"input": floats([[0, 0, 0, 0]]), "target": floats([[0.5, 0.25, 0.25, 0]])},
        "fixture",
        "ln 4",
        reduction="none",
    )
    onehot = {"input": floats(L3), "target": one_hot([2, 0], 3), "weight": W3}
    yield case(
        "one-hot-weight-mean", onehot, "fixture weight", "one-hot divides by the rows", reduction="mean", near=0.9488875
    )


def _layouts():
    yield case("rank-1-index", index("r1", (4,)), "rank", "classes alone", reduction="none")
    yield case("rank-1-index-mean", {**index("r1m", (3,)), "weight": W3}, "rank weight", reduction="mean")
    yield case("rank-1-soft", soft("r1s", (4,), 0), "rank", reduction="none")
    yield case("rank-1-last", index("r1l", (4,)), "rank", "classes alone", reduction="none", classAxis=-1)
    yield case("rank-3-index", index("r3", (2, 3, 2)), "rank", reduction="none")
    yield case("rank-3-mean", index("r3m", (2, 3, 2)), "rank", reduction="mean")
    yield case("rank-4-index", index("r4", (2, 3, 2, 2)), "rank", reduction="none")
    yield case("rank-4-soft-mean", soft("r4s", (2, 3, 1, 2)), "rank", "divides by N·spatial", reduction="mean")
    yield case("last-rank-2", index("l2", (3, 4), -1), "rank option", reduction="none", classAxis=-1)
    yield case("last-rank-3", index("l3", (2, 2, 3), -1), "rank option", reduction="none", classAxis=-1)
    yield case(
        "last-rank-4-weight",
        {**index("l4", (1, 2, 2, 3), -1), "weight": W3},
        "rank option weight",
        reduction="mean",
        classAxis=-1,
    )
    yield case("last-soft", soft("ls", (2, 2, 3), -1), "rank option", reduction="none", classAxis=-1)
    yield case("axis-2", index("a2", (2, 2, 3), 2), "rank option", reduction="none", classAxis=2)
    yield case("axis-0", index("a0", (3, 4), 0), "rank option", "classes first", reduction="none", classAxis=0)
    yield case("axis-0-soft-mean", soft("a0s", (3, 2, 2), 0), "rank option", reduction="mean", classAxis=0)
    yield case("two-classes", index("c2", (3, 2)), "ordinary", reduction="none")
    yield case("one-class", index("c1", (3, 1)), "ordinary", "one class: 0 whatever the logit", reduction="none")
    yield case("one-row-mean", index("one", (1, 3)), "reduction", reduction="mean")


def _extremes():
    for scale in (5, 20, 90, 700, 10000):
        rows, labels = hard_rows(scale)
        yield case(f"hard-{scale}-none", {"input": rows, "target": ints(labels)}, "extreme unstable", reduction="none")
        onehot = {"input": rows, "target": one_hot(labels, 3)}
        yield case(f"hard-{scale}-one-hot", onehot, "extreme unstable", reduction="none")
        yield case(f"random-{scale}-none", index(f"x{scale}", (3, 5), scale=scale), "extreme", reduction="none")
    rows, labels = hard_rows(700)
    yield case(
        "hard-700-mean", {"input": rows, "target": ints(labels), "weight": W3}, "extreme weight", reduction="mean"
    )
    yield case(
        "hard-90-smoothing",
        {"input": hard_rows(90)[0], "target": ints(labels)},
        "extreme option",
        reduction="none",
        labelSmoothing=0.1,
    )
    yield case("soft-700-none", soft("sx", (3, 4), scale=700), "extreme", reduction="none")
    sure = {"input": floats([[17, 0, 0], [37, 0, -1], [104, 0, 0]]), "target": ints([0, 0, 0])}
    yield case("confident-none", sure, "saturated unstable", "the loss is e^-17 and less", reduction="none")
    offset = {"input": floats([[10001, 10000, 9999], [-9998, -10000, -10001]]), "target": ints([2, 1])}
    yield case("offset-none", offset, "unstable", "a common offset of 1e4", reduction="none")
    equal = {"input": floats([[2, 2, 2], [-5, -5, 1]]), "target": ints([1, 0])}
    yield case("equal-logits-none", equal, "ordinary", "equal logits: no kink in a softmax", reduction="none")


def _infinities():
    others = {"input": floats([[1, -INF, 0.5], [-INF, 2, -INF]]), "target": ints([0, 1])}
    yield case("minus-infinity-others", others, "infinity", "impossible classes", reduction="none")
    own = {"input": floats([[1, -INF, 0.5], [0, 2, 1]]), "target": ints([1, 2])}
    yield case("minus-infinity-own", own, "infinity", "the true class is impossible: ∞", reduction="none")
    silent = {"input": floats([[1, -INF, 0.5], [-INF, 2, 1]]), "target": floats([[0.25, 0, 0.75], [0, 1, 0]])}
    yield case("minus-infinity-silent", silent, "infinity", "target 0 at logit −∞ contributes 0", reduction="none")
    yield case("minus-infinity-silent-mean", silent, "infinity", reduction="mean")
    heard = {"input": floats([[1, -INF, 0.5]]), "target": floats([[0.25, 0.25, 0.5]])}
    yield case("minus-infinity-heard", heard, "infinity", reduction="none", gradients=("input",))
    yield case(
        "minus-infinity-smoothing",
        {**others},
        "infinity option",
        "smoothing meets it: ∞",
        reduction="none",
        labelSmoothing=0.25,
        gradients=(),
    )
    plus = {"input": floats([[INF, 0, 1], [0, 1, 2]]), "target": ints([0, 1])}
    yield case("plus-infinity", plus, "infinity nan", reduction="none", gradients=())
    zero_weight = {**own, "weight": floats([1, 0, 1])}
    yield case("weight-zero-infinity", zero_weight, "infinity nan weight", "0·∞ is NaN", reduction="none", gradients=())
    nan = {"input": floats([[NAN, 0, 1], [0, 1, 2]]), "target": ints([1, 1])}
    yield case("nan-none", nan, "nan", "one row NaN, the other not", reduction="none", gradients=("input",))
    yield case("nan-mean", nan, "nan", reduction="mean", gradients=())
    soft_nan = {"input": floats(L3), "target": floats([[NAN, 0.5, 0.5], [0.25, 0.25, 0.5]])}
    yield case("nan-target-none", soft_nan, "nan", reduction="none", gradients=("input",))


def _ignored():
    some = {"input": floats([*L3, [1, 0, -1]]), "target": ints([2, -100, 0])}
    for name in REDUCTIONS:
        yield case(f"ignore-{name}", some, "ignore", reduction=name)
        nothing = {"input": floats(L3), "target": ints([-100, -100])}
        yield case(f"ignore-all-{name}", nothing, "ignore empty", reduction=name)
    yield case("ignore-weight-mean", {**some, "weight": W3}, "ignore weight", reduction="mean")
    other = {"input": floats(L3), "target": ints([255, 1])}
    yield case(
        "ignore-255-mean",
        other,
        "ignore option",
        "an ignored label may be out of range",
        reduction="mean",
        ignoreIndex=255,
    )
    inside = {"input": floats([*L3, [1, 0, -1]]), "target": ints([0, 1, 0])}
    yield case("ignore-class-0-none", inside, "ignore option", reduction="none", ignoreIndex=0)
    yield case("ignore-off-none", INDEX, "option", "null switches it off", reduction="none", ignoreIndex=None)
    hidden = {"input": floats([[NAN, INF, -INF], L3[1]]), "target": ints([-100, 0])}
    yield case("ignore-hides-nan-none", hidden, "ignore nan infinity", reduction="none")
    yield case("ignore-hides-nan-mean", hidden, "ignore nan infinity", reduction="mean")
    zero = {"input": floats(L3), "target": ints([0, 0]), "weight": floats([0, 1, 2])}
    yield case("weights-all-zero-mean", zero, "weight nan", "0/0 as torch", reduction="mean", gradients=())


def _masked():
    some = {**index("m1", (2, 3, 2)), "mask": bools([[1, 0], [1, 1]])}
    for name in REDUCTIONS:
        yield case(f"mask-{name}", some, "mask", reduction=name)
        yield case(f"mask-soft-{name}", {**soft("m2", (3, 3)), "mask": bools([1, 0, 1])}, "mask", reduction=name)
    yield case("mask-lower-rank", {**index("m3", (2, 3, 2)), "mask": bools([0, 1])}, "mask", reduction="mean")
    yield case("mask-unit-axis", {**index("m4", (2, 3, 2)), "mask": bools([[1], [0]])}, "mask", reduction="mean")
    weighted = {**index("m5", (3, 3)), "mask": bools([0, 1, 1]), "weight": W3}
    yield case("mask-weight-mean", weighted, "mask weight", reduction="mean")
    both = {"input": floats([*L3, [1, 0, -1]]), "target": ints([2, -100, 0]), "mask": bools([0, 1, 1])}
    yield case("mask-and-ignore-mean", both, "mask ignore", reduction="mean")
    hidden = {"input": floats([[NAN, INF, -INF], L3[1]]), "target": ints([1, 0]), "mask": bools([0, 1])}
    yield case("mask-hides-nan-none", hidden, "mask nan infinity", reduction="none")
    yield case("mask-hides-nan-mean", hidden, "mask nan infinity", reduction="mean")
    yield case("mask-all-mean", {**INDEX, "mask": bools([0, 0])}, "mask empty", reduction="mean")
    yield case("mask-all-sum", {**PROBS, "mask": bools([0, 0])}, "mask empty", reduction="sum")


def _options():
    worked = {"input": floats([[0.3, 0.3, 0.4]]), "target": ints([2])}
    yield case("probabilities-index", worked, "option fixture", "−ln 0.4", fromLogits=False, near=0.9162907)
    worked = {"input": floats([[0.3, 0.3, 0.4]]), "target": floats([[0, 0, 1]])}
    yield case(
        "probabilities-one-hot", worked, "option fixture", "−ln 0.4", reduction="none", fromLogits=False, near=0.9162907
    )
    key = "probabilities-soft"
    draw = Draw(key)
    both = {"input": draw.probabilities((2, 3)), "target": draw.probabilities((2, 3))}
    yield case(key, both, "option", reduction="none", fromLogits=False)
    key = "probabilities-weight"
    draw = Draw(key)
    yield case(
        key,
        {"input": draw.probabilities((3, 3)), "target": ints([0, 2, 1]), "weight": W3},
        "option weight",
        fromLogits=False,
    )
    tiny = {"input": floats([[1e-30, 1, 0.5]]), "target": ints([0])}
    yield case(
        "probabilities-tiny",
        tiny,
        "option unstable",
        "no clipping, no renormalising",
        reduction="none",
        fromLogits=False,
    )
    silent = {"input": floats([[0, 0.75, 0.25]]), "target": floats([[0, 1, 0]])}
    yield case(
        "probabilities-zero-silent",
        silent,
        "option infinity",
        "target 0 at p = 0 contributes 0",
        reduction="none",
        fromLogits=False,
        gradients=("input",),
    )
    for s in (0.1, 0.5, 1):
        yield case(f"smoothing-{s}-index", index(f"s{s}", (2, 3)), "option", reduction="none", labelSmoothing=s)
        yield case(f"smoothing-{s}-soft", soft(f"ss{s}", (2, 3)), "option", reduction="none", labelSmoothing=s)
    yield case("smoothing-rank-3-last", index("s3", (2, 2, 3), -1), "option rank", labelSmoothing=0.25, classAxis=-1)


def _empty():
    for name in REDUCTIONS:
        none = {"input": floats([], (0, 3)), "target": ints([], (0,))}
        yield case(f"empty-index-{name}", none, "empty", reduction=name)
    none = {"input": floats([], (0, 3)), "target": floats([], (0, 3))}
    yield case("empty-soft-mean", none, "empty", reduction="mean")
    none = {"input": floats([], (2, 3, 0)), "target": ints([], (2, 0)), "weight": W3}
    yield case("empty-spatial-weight-mean", none, "empty weight", reduction="mean")


def _errors():
    yield from refused_requests(INDEX)
    yield error("LABEL_OUT_OF_RANGE", "error-label-high", {**INDEX, "target": ints([3, 0])})
    yield error("LABEL_OUT_OF_RANGE", "error-label-negative", {**INDEX, "target": ints([2, -1])}, "no wrapping around")
    yield error("LABEL_OUT_OF_RANGE", "error-label-ignore-off", {**INDEX, "target": ints([2, -100])}, ignoreIndex=None)
    yield error("LABEL_OUT_OF_RANGE", "error-label-other-ignore", {**INDEX, "target": ints([2, -100])}, ignoreIndex=255)
    yield error("SHAPE_MISMATCH", "error-target-rows", {**INDEX, "target": ints([2, 0, 1])})
    yield error("SHAPE_MISMATCH", "error-soft-classes", {**PROBS, "target": floats([[1, 0], [0, 1]])})
    yield error("SHAPE_MISMATCH", "error-weight-classes", {**INDEX, "weight": floats([1, 2])})
    yield error("RANK_MISMATCH", "error-target-rank", {**INDEX, "input": floats([[L3, L3]])})
    yield error("BAD_DTYPE", "error-float-labels", {**INDEX, "target": floats([2, 0])}, "indices must be integers")
    yield error("BAD_DTYPE", "error-mask-int", {**INDEX, "mask": ints([1, 0])}, "mask must be bool")
    yield error("BAD_OPTION", "error-smoothing-above-1", INDEX, labelSmoothing=1.5)
    yield error("BAD_OPTION", "error-smoothing-negative", INDEX, labelSmoothing=-0.1)
    yield error("BAD_OPTION", "error-from-logits-text", INDEX, fromLogits="no")
    yield error("BAD_OPTION", "error-ignore-fraction", INDEX, ignoreIndex=0.5)


PARTS = (_reductions, _fixtures, _layouts, _extremes, _infinities, _ignored, _masked, _options, _empty, _errors)
CASES = [one for part in PARTS for one in part()]
