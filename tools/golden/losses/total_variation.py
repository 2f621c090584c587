"""Rudin, Osher and Fatemi, 1992, in its anisotropic form: Σ|x_{i+1,j} − x_ij| + Σ|x_{i,j+1} − x_ij| of each image."""

from math import prod

from isoloss_oracle.batteries import NAN, REDUCTIONS, refused_requests
from isoloss_oracle.blocks import Block, Unreduced, places
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import absolute
from isoloss_oracle.crosscheck import torch_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.regions import activate, class_rows
from isoloss_oracle.tensors import floats


def formula(p, first, height, width):
    at = lambda i, j: p[first + i * width + j]  # noqa: E731
    down = [absolute(at(i + 1, j) - at(i, j)) for i in range(height - 1) for j in range(width)]
    right = [absolute(at(i, j + 1) - at(i, j)) for i in range(height) for j in range(width - 1)]
    return sum(down + right, mpf(0))


def unreduced(inputs, o):
    shape = inputs["input"].shape
    height, width = shape[-2:]
    rows, row_of = class_rows(shape, 1) if o.activation == "softmax" else ([], {})

    def block(n):
        own = range(n * height * width, (n + 1) * height * width)
        coupled = [list(r) for r in {tuple(row_of[i]) for i in own}] if rows else []
        read = sorted(i for row in coupled for i in row) if rows else list(own)

        def one(numbers):
            return formula(activate(dict(zip(read, numbers)), coupled, o.activation), own.start, height, width)

        return Block(one, places("input", read))

    return Unreduced(shape[:-2], [block(n) for n in range(prod(shape[:-2]))])


def image(key, shape, scale=1.0):
    return {"input": Draw(key).normal(shape, scale)}


def pixels(x):
    return {"input": floats(x)}


GOOD = image("good", (2, 2, 3))


def _cases():
    for name in REDUCTIONS:
        yield case(f"reduce-{name}", image(name, (2, 2, 3)), "ordinary reduction", reduction=name)
        yield case(f"empty-{name}", pixels_empty(0, 2, 2), "empty", reduction=name)
    for shape in ((2, 3), (2, 2, 2), (2, 2, 2, 2)):
        yield case(f"rank-{len(shape)}", image(f"rank-{len(shape)}", shape), "rank", reduction="none")
    yield case("rank-2-mean", image("r2m", (2, 3)), "rank", "one image: a scalar")
    for activation in ("sigmoid", "softmax"):
        for scale in (1, 5, 20, 90, 700, 10000):
            shape = (2, 2, 2) if activation == "sigmoid" else (1, 2, 2, 2)
            flags = "option extreme" if scale > 1 else "option"
            # Saturated neighbours are equal to all digits: values only.
            names = ("input",) if scale < 20 else ()
            inputs = image(f"{activation}{scale}", shape, scale)
            yield case(f"{activation}-{scale}", inputs, flags, activation=activation, gradients=names)
        yield case(
            f"{activation}-none", image(activation, (1, 2, 1, 3)), "option", activation=activation, reduction="none"
        )
    for scale in (5, 20, 90, 700, 10000):
        yield case(f"scale-{scale}", image(f"scale-{scale}", (3, 3), scale), "extreme", reduction="none")
    yield case("step", pixels([[0, 0, 1], [0, 0, 1]]), "kink", "an edge costs its length", reduction="none")
    yield case("flat", pixels([[2, 2], [2, 2]]), "kink", "abs′(0) = 0", reduction="none")
    yield case("one-row", pixels([[1, 4, 2, 2.5]]), "ordinary", reduction="none")
    yield case("one-column", pixels([[1], [4], [2]]), "ordinary", reduction="none")
    yield case("one-pixel", pixels([[3]]), "ordinary", "no neighbours: 0", reduction="none")
    yield case("no-rows", pixels_empty(2, 0, 3), "empty", "no pixels: 0", reduction="none")
    yield case("no-columns", pixels_empty(2, 3, 0), "empty", "no pixels: 0")
    yield case("checkers", pixels([[1, -1, 1], [-1, 1, -1]]), "ordinary", reduction="none")
    yield case("near", pixels([[1, 1.0000001192092896], [0.9999999403953552, 1]]), "unstable kink", reduction="none")
    yield case("nan", pixels([[NAN, 1], [2, 3]]), "nan", reduction="none", gradients=())
    yield from refused_requests(GOOD)
    yield error("RANK_MISMATCH", "error-rank", pixels([1, 2, 3]))
    yield error("RANK_MISMATCH", "error-softmax-rank", pixels([[1, 2], [3, 4]]), "no class axis", activation="softmax")
    yield error("BAD_OPTION", "error-activation", GOOD, activation="relu")


def pixels_empty(*shape):
    return {"input": floats([], shape)}


def _torch(F, t, o):
    if o.reduction == "partial":
        return None
    x = {"none": lambda v: v, "sigmoid": lambda v: v.sigmoid(), "softmax": lambda v: v.softmax(1)}[o.activation](
        t.input
    )
    out = x.diff(dim=-2).abs().sum((-2, -1)) + x.diff(dim=-1).abs().sum((-2, -1))
    return out if o.reduction == "none" else getattr(out, o.reduction)()


LOSS = Loss(
    id="totalVariation",
    paper="Rudin, Osher and Fatemi, Nonlinear total variation based noise removal algorithms, 1992",
    defaults={"activation": "none"},
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[torch_check("diff and abs", _torch)],
)
