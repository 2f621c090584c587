"""Negative log-likelihood: −w_y·x_y of log-probabilities x, as `nn.functional.nll_loss`."""

from isoloss_oracle.batteries import INF, NAN, REDUCTIONS, refused_requests
from isoloss_oracle.blocks import Block, ClassRows, Unreduced
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.crosscheck import torch_check
from isoloss_oracle.labelled import index
from isoloss_oracle.loss import Loss
from isoloss_oracle.softmax import class_axis_second, weights_of_indices
from isoloss_oracle.tensors import floats, ints


def unreduced(inputs, o):
    rows = ClassRows(inputs["input"].shape, o.classAxis)
    return Unreduced(rows.shape, [_block(inputs, rows, n, o) for n in range(len(rows))])


def _block(inputs, rows, n, o):
    y = inputs["target"].data[n]
    if y == o.ignoreIndex:
        return None
    spot = ("input", rows.row(n)[y])
    if "weight" in inputs:
        return Block(lambda v: -v[1] * v[0], [spot, ("weight", y)], counts=("weight", y))
    return Block(lambda v: -v[0], [spot])


def _torch(F, t, o):
    if o.reduction == "partial":
        return None
    ignored = -(2**40) if o.ignoreIndex is None else o.ignoreIndex
    x = class_axis_second(t.input, o.classAxis)
    return F.nll_loss(x, t.target, getattr(t, "weight", None), ignore_index=ignored, reduction=o.reduction)


def logs(key, shape, axis=1):
    """Inputs whose log-probabilities are negative, not normalised: it isn't checked."""
    made = index(key, shape, axis)
    return {**made, "input": Draw(key).uniform(shape, -6, 0)}


W3 = floats([1, 2, 3])
GOOD = {"input": floats([[-1, -2, -0.5], [-0.25, -3, -1.5]]), "target": ints([2, 0])}
SOME = {"input": floats([[-1, -2, -0.5], [-0.25, -3, -1.5], [-2, -1, -4]]), "target": ints([2, -100, 1])}


def _cases():
    for name in REDUCTIONS:
        yield case(f"plain-{name}", logs(f"p-{name}", (3, 4)), "ordinary reduction", reduction=name)
        weighted = {**logs(f"w-{name}", (3, 3)), "weight": W3}
        yield case(f"weight-{name}", weighted, "weight reduction", reduction=name)
        yield case(f"ignore-{name}", SOME, "ignore", reduction=name)
        yield case(f"ignore-all-{name}", {**SOME, "target": ints([-100] * 3)}, "ignore empty", reduction=name)
        none = {"input": floats([], (0, 3)), "target": ints([], (0,))}
        yield case(f"empty-{name}", none, "empty", reduction=name)
    yield case("empty-spatial-mean", {"input": floats([], (2, 3, 0)), "target": ints([], (2, 0))}, "empty rank")
    yield case("ignore-weight-mean", {**SOME, "weight": W3}, "ignore weight", reduction="mean")
    yield case("ignore-255-mean", {**GOOD, "target": ints([255, 1])}, "ignore option", ignoreIndex=255)
    yield case("ignore-class-0", {**GOOD, "target": ints([0, 1])}, "ignore option", reduction="none", ignoreIndex=0)
    yield case("ignore-off", GOOD, "option", reduction="none", ignoreIndex=None)
    yield case("rank-1", logs("r1", (4,)), "rank", "classes alone", reduction="none")
    yield case("rank-1-weight-mean", {**logs("r1w", (3,)), "weight": W3}, "rank weight", reduction="mean")
    yield case("rank-3", logs("r3", (2, 3, 2)), "rank", reduction="none")
    yield case("rank-4-weight-mean", {**logs("r4", (2, 3, 2, 1)), "weight": W3}, "rank weight", reduction="mean")
    yield case("last-rank-3", logs("l3", (2, 2, 3), -1), "rank option", reduction="none", classAxis=-1)
    yield case("last-rank-2-mean", logs("l2", (3, 4), -1), "rank option", reduction="mean", classAxis=-1)
    yield case("axis-0", logs("a0", (3, 4), 0), "rank option", reduction="none", classAxis=0)
    yield case("axis-2", logs("a2", (2, 2, 3), 2), "rank option", reduction="none", classAxis=2)
    yield case("probability-as-log", {"input": floats([[0.5, 0.2]]), "target": ints([0])}, "fixture", near=-0.5)
    for scale in (5, 20, 90, 700, 10000):
        far = {"input": Draw(f"x{scale}").uniform((3, 3), -scale, 0), "target": ints([0, 1, 2]), "weight": W3}
        yield case(f"scale-{scale}", far, "extreme weight", reduction="none")
    far = {"input": floats([[-INF, 0, -1], [0, -INF, -1]]), "target": ints([0, 0])}
    yield case("minus-infinity", far, "infinity", "impossible: ∞", reduction="none")
    yield case("minus-infinity-mean", far, "infinity", reduction="mean")
    zero = {**far, "weight": floats([0, 1, 1])}
    yield case("weight-zero-infinity", zero, "infinity nan weight", "0·∞ is NaN", reduction="none", gradients=())
    nan = {"input": floats([[NAN, 0, -1], [-1, NAN, -2]]), "target": ints([0, 0])}
    yield case("nan-none", nan, "nan", "NaN of another class isn't read", reduction="none", gradients=())
    yield case("nan-mean", nan, "nan", reduction="mean", gradients=())
    hidden = {"input": floats([[NAN, INF, -INF], [-1, -2, -3]]), "target": ints([-100, 1])}
    yield case("ignore-hides-nan-none", hidden, "ignore nan infinity", reduction="none")
    yield case("ignore-hides-nan-mean", hidden, "ignore nan infinity", reduction="mean")
    zero = {**GOOD, "target": ints([0, 0]), "weight": floats([0, 1, 2])}
    yield case("weights-all-zero-mean", zero, "weight nan", "0/0 as torch", reduction="mean", gradients=())
    yield from _errors()


def _errors():
    yield from refused_requests(GOOD)
    yield error("LABEL_OUT_OF_RANGE", "error-label-high", {**GOOD, "target": ints([3, 0])})
    yield error("LABEL_OUT_OF_RANGE", "error-label-negative", {**GOOD, "target": ints([2, -1])})
    yield error("LABEL_OUT_OF_RANGE", "error-label-ignore-off", {**GOOD, "target": ints([2, -100])}, ignoreIndex=None)
    yield error("SHAPE_MISMATCH", "error-target-rows", {**GOOD, "target": ints([2, 0, 1])})
    yield error("SHAPE_MISMATCH", "error-weight-classes", {**GOOD, "weight": floats([1, 2])})
    yield error("RANK_MISMATCH", "error-target-rank", {**GOOD, "target": ints([[2, 0, 1], [1, 1, 1]])})
    yield error("BAD_DTYPE", "error-float-labels", {**GOOD, "target": floats([2, 0])})


LOSS = Loss(
    id="nll",
    paper="torch.nn.functional.nll_loss",
    defaults={"classAxis": 1, "ignoreIndex": -100},
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[torch_check("nn.functional.nll_loss", _torch, constant=weights_of_indices)],
)
