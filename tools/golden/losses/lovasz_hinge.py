"""Berman, Triki and Blaschko, The Lovász-Softmax loss, 2018, alg. 1: Σ_k relu(1 − s·x)₍ₖ₎·ΔJ_k, errors downwards."""

from math import prod

from isoloss_oracle.batteries import NAN, refused_requests
from isoloss_oracle.blocks import Block, Unreduced, places
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import relu
from isoloss_oracle.loss import Loss
from isoloss_oracle.lovasz import extension
from isoloss_oracle.regions import activate, at_kinks, class_rows
from isoloss_oracle.tensors import bools, floats, ints


def formula(x, t):
    return extension([1 - v * (2 * y - 1) for v, y in zip(x, t)], t, relu)


def unreduced(inputs, o):
    shape = inputs["input"].shape
    rows = 1 if o.per == "batch" else shape[0]
    width = prod(shape) // rows if rows else 0

    lines = class_rows(shape, 1)[0] if o.activation == "softmax" else []

    def block(n):
        spots = range(n * width, (n + 1) * width)
        t = [int(inputs["target"].data[i]) for i in spots]
        coupled = [line for line in lines if line[0] in spots]

        def one(numbers):
            x = activate(dict(zip(spots, numbers)), coupled, o.activation)
            return formula([x[i] for i in spots], t)

        return Block(one, places("input", spots))

    return Unreduced((rows,), [block(n) for n in range(rows)])


def drawn(key, shape, scale=1.0):
    draw = Draw(key)
    return {"input": draw.normal(shape, scale), "target": draw.bits(shape)}


def pair(x, t):
    return {"input": floats(x), "target": floats(t)}


FIXTURE = pair([[2, -1, 0.5, -0.5]], [[1, 0, 0, 1]])
GOOD = drawn("good", (2, 3))


def _cases():
    for per in ("sample", "batch"):
        for name in ("none", "mean", "sum"):
            yield case(
                f"{per}-{name}", drawn(f"{per}-{name}", (2, 2, 2)), "ordinary reduction option", per=per, reduction=name
            )
        for shape in ((4,), (2, 3), (2, 2, 2), (2, 1, 2, 2)):
            yield case(f"{per}-rank-{len(shape)}", drawn(f"{per}{shape}", shape), "rank option", per=per)
        for name in ("none", "mean", "sum"):
            none = pair([], [])
            none = {n: floats([], (0, 3)) for n in none}
            flags = "empty option"
            yield case(
                f"{per}-empty-{name}",
                none,
                flags,
                "nothing: the extension of the empty set is 0",
                per=per,
                reduction=name,
            )
        yield case(
            f"{per}-background", pair([[1, -2, 0.5], [0.25, 3, -1.5]], [[0] * 3] * 2), "option", "none is 1", per=per
        )
        yield case(
            f"{per}-foreground", pair([[1, -2, 0.5], [0.25, 3, -1]], [[1] * 3] * 2), "option", "all are 1", per=per
        )
    yield case("small", FIXTURE, "fixture tie", "1.5·⅓ + 1.5·⅓", reduction="none", near=1)
    for scale in (5, 20, 90, 700, 10000):
        yield case(f"scale-{scale}", drawn(f"scale-{scale}", (2, 3), scale), "extreme")
    for activation in ("sigmoid", "softmax"):
        for per in ("sample", "batch"):
            key = f"{activation}-{per}"
            yield case(key, drawn(key, (2, 2, 2)), "option", activation=activation, per=per, reduction="none")
    yield case("sigmoid-scale-5", drawn("sigmoid-5", (2, 3), 5), "option", activation="sigmoid")
    one_line = {"input": floats([1, 2, 3]), "target": floats([1, 0, 1])}
    yield error("RANK_MISMATCH", "error-softmax-rank", one_line, "softmax needs a class axis", activation="softmax")
    yield case("right", pair([[2, -3, 1.5]], [[1, 0, 0.0]]), "ordinary")
    yield case("all-right", pair([[2, -3, 1.5]], [[1, 0, 1]]), "ordinary", "beyond the margin: 0")
    yield case("margin", pair([[1, -1, 2]], [[1, 0, 0]]), "kink", "relu′(0) = 0")
    yield case("tied-errors", pair([[0.5, -0.5, 0.5, 2]], [[1, 0, 0, 1]]), "tie", "sorted stably")
    yield case("tied-all", pair([[0, 0, 0]], [[1, 0, 1]]), "tie", "logits 0")
    one = pair([[0.25]], [[1]])
    yield case("one-position", one, "ordinary")
    yield case("int-target", {"input": floats([[1, -2]]), "target": ints([[0, 1]])}, "option", "labels as integers")
    yield case("bool-target", {"input": floats([[1, -2]]), "target": bools([[0, 1]])}, "option", "labels as bools")
    yield case("nan", pair([[NAN, 1]], [[1, 0]]), "nan", gradients=())
    yield from refused_requests(GOOD, reductions=("none", "mean", "sum"))
    yield error("BAD_OPTION", "error-partial", GOOD, "couples the batch", reduction="partial")
    yield error("BAD_OPTION", "error-per", GOOD, per="image")
    yield error("SHAPE_MISMATCH", "error-shape", {**GOOD, "target": floats([[1, 0]] * 2)})
    yield error("RANK_MISMATCH", "error-rank", {**GOOD, "target": floats([1, 0, 1])})
    yield error("RANK_MISMATCH", "error-scalar", {"input": floats(1), "target": floats(0)})


LOSS = Loss(
    id="lovaszHinge",
    paper="Berman, Triki and Blaschko, The Lovász-Softmax loss, 2018",
    defaults={"activation": "none", "per": "batch"},
    unreduced=unreduced,
    cases=at_kinks(_cases(), {f"{per}-{what}ground" for per in ("sample", "batch") for what in ("fore", "back")}),
    differentiable=("input",),
)
