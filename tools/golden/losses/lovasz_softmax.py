"""Berman, Triki and Blaschko, The Lovász-Softmax loss, 2018, eq. 12: the mean over present classes of Lovász losses."""

from isoloss_oracle.batteries import NAN, refused_requests
from isoloss_oracle.blocks import Block, ClassRows, Unreduced, places
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import absolute
from isoloss_oracle.labelled import index
from isoloss_oracle.loss import Loss
from isoloss_oracle.lovasz import extension
from isoloss_oracle.numbers import mpf
from isoloss_oracle.regions import activate, class_rows
from isoloss_oracle.tensors import floats, ints


def unreduced(inputs, o):
    shape, labels = inputs["input"].shape, inputs["target"].data
    cut = ClassRows(shape, o.classAxis)
    rows = class_rows(shape, o.classAxis)[0]
    present = sorted(set(labels))

    def formula(numbers):
        p = activate(dict(enumerate(numbers)), rows, o.activation)
        total = mpf(0)
        for c in present:
            truth = [y == c for y in labels]
            total += extension([absolute(y - p[row[c]]) for y, row in zip(truth, rows)], truth)
        return total / max(len(present), 1)

    assert len(cut) == len(labels)
    return Unreduced((), [Block(formula, places("input", range(inputs["input"].size)))])


def probabilities(key, shape, axis=1):
    draw = Draw(key)
    made = index(key, shape, axis)
    return {**made, "input": draw.probabilities(shape, axis)}


HARD = {
    "input": floats([[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]]),
    "target": ints([0, 0, 1, 2]),
}
RELABELLED = {"input": floats([[0, 0, 1], [1, 0, 0], [1, 0, 0], [0, 1, 0]]), "target": ints([2, 2, 0, 1])}
GOOD = index("good", (2, 3))


def _cases():
    none = {"activation": "none"}
    miou = 1 - (0.5 + 0.5 + 1) / 3
    yield case("hard", HARD, "fixture tie option", "hard predictions: 1 − mIoU", near=miou, **none)
    yield case(
        "hard-relabelled", RELABELLED, "fixture tie option", "the names of classes don't matter", near=miou, **none
    )
    for name in ("none", "mean", "sum"):
        yield case(f"reduce-{name}", index(f"reduce-{name}", (2, 3, 2)), "reduction", "a scalar", reduction=name)
    for shape in ((3,), (3, 2), (2, 3, 2), (2, 2, 1, 2)):
        flags = "rank kink" if len(shape) == 1 else "rank"
        yield case(f"rank-{len(shape)}", index(f"rank-{len(shape)}", shape), flags)
    for axis in (-1, 0, 2):
        yield case(f"class-axis-{axis}", index(f"axis-{axis}", (2, 3, 2), axis), "rank option", classAxis=axis)
    for activation in ("none", "sigmoid", "softmax"):
        inputs = probabilities("p", (4, 3)) if activation == "none" else index(activation, (4, 3))
        yield case(f"{activation}-drawn", inputs, "option", activation=activation)
    for at in range(4):
        yield case(f"drawn-{at}", index(f"drawn-{at}", (3, 3, 1)), "ordinary")
    for scale in (5, 20, 90, 700, 10000):
        # Saturated errors tie, and their order with them: values only.
        names = ("input",) if scale < 20 else ()
        yield case(f"scale-{scale}", index(f"scale-{scale}", (3, 3), scale=scale), "extreme tie", gradients=names)
    sure = floats([[20, -20, 0], [-20, 20, 1], [0, -10, 30]])
    yield case("right", {"input": sure, "target": ints([0, 1, 2])}, "saturated tie", "sure and right", gradients=())
    yield case("wrong", {"input": sure, "target": ints([1, 2, 0])}, "saturated tie", "sure and wrong", gradients=())
    yield case(
        "sigmoid-right",
        {"input": sure, "target": ints([0, 1, 2])},
        "saturated option tie",
        activation="sigmoid",
        gradients=(),
    )
    yield case("one-class", {"input": floats([[1, -1], [0.5, 2]]), "target": ints([0, 0])}, "ordinary", "others absent")
    tied = {"input": floats([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.5, 0.25, 0.25]]), "target": ints([0, 1, 2])}
    yield case("tied-errors", tied, "tie option", "sorted stably", **none)
    perfect = {"input": floats([[1, 0], [0, 1]]), "target": ints([0, 1])}
    yield case("perfect", perfect, "kink tie option", "abs′(0) = 0", **none)
    nothing = {"input": floats([], (0, 3)), "target": ints([])}
    for name in ("none", "mean", "sum"):
        yield case(f"empty-{name}", nothing, "empty", "no class is present: 0", reduction=name)
    yield case("nan", {"input": floats([[NAN, 1], [0, 1]]), "target": ints([0, 1])}, "nan", gradients=())
    yield from refused_requests(GOOD, reductions=("none", "mean", "sum"))
    yield error("BAD_OPTION", "error-partial", GOOD, "couples the batch", reduction="partial")
    yield error("BAD_OPTION", "error-activation", GOOD, activation="tanh")
    yield error("LABEL_OUT_OF_RANGE", "error-label", {**GOOD, "target": ints([0, 3])})
    yield error("LABEL_OUT_OF_RANGE", "error-label-negative", {**GOOD, "target": ints([0, -1])})
    yield error("SHAPE_MISMATCH", "error-shape", {**GOOD, "target": ints([0, 1, 2])})
    yield error("RANK_MISMATCH", "error-rank", {**GOOD, "target": ints([[0, 1, 2]])})
    yield error("RANK_MISMATCH", "error-class-axis", GOOD, classAxis=2)
    yield error("BAD_DTYPE", "error-float-target", {**GOOD, "target": floats([0, 1])})


LOSS = Loss(
    id="lovaszSoftmax",
    paper="Berman, Triki and Blaschko, The Lovász-Softmax loss, 2018",
    defaults={"activation": "softmax", "classAxis": 1},
    unreduced=unreduced,
    cases=list(_cases()),
)
