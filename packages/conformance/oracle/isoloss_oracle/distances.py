"""What the distances between rows along the last axis share: blocks, cases, cross-checks."""

from math import prod

from . import libraries
from .batteries import INF, NAN, REDUCTIONS, refused_requests
from .blocks import Block, Unreduced, last_axis, places
from .cases import Draw, case, error
from .crosscheck import array_check, torch_check
from .tensors import floats


def row_pairs(inputs, formula, shared=()):
    """Blocks of `formula(x, y, …)` for each row of input and target; `shared` inputs are given whole to every block."""
    shape = inputs["input"].shape
    d = shape[-1]
    common = [place for name in shared for place in places(name, range(inputs[name].size))]

    def one(v):
        return formula(v[:d], v[d : 2 * d], *([v[2 * d :]] if shared else []))

    cut = [last_axis(shape, n) for n in range(prod(shape[:-1]))]
    return Unreduced(shape[:-1], [Block(one, places("input", row) + places("target", row) + common) for row in cut])


def rows(x, y):
    return {"input": floats(x), "target": floats(y)}


def draw_rows(key, shape=(3, 4), scale=1.5):
    draw = Draw(key)
    return {"input": draw.normal(shape, scale), "target": draw.normal(shape, scale)}


WORKED = rows([1, 2, 3], [2, 3, 4])
GOOD = draw_rows("good", (2, 3))


def row_cases(more=lambda shape: {}, zero="kink", infinite=True):
    """`more(shape)` adds the loss's other inputs; `zero` flags the distance of equal rows."""

    def one(key, inputs, flags="ordinary", comment="", **rest):
        return case(key, {**inputs, **more(inputs["input"].shape)}, flags, comment, **rest)

    for name in REDUCTIONS:
        yield one(f"reduce-{name}", draw_rows(f"reduce-{name}"), "ordinary reduction", reduction=name)
    for shape in ((4,), (2, 4), (2, 2, 3), (2, 1, 2, 3)):
        yield one(f"rank-{len(shape)}", draw_rows(f"rank-{len(shape)}", shape), "rank", reduction="none")
    yield one("width-1-none", draw_rows("width", (3, 1)), "rank", "one column", reduction="none")
    yield one("rank-3-mean", draw_rows("rank-3-mean", (2, 2, 2)), "rank reduction", reduction="mean")
    for name in REDUCTIONS:
        nothing = {"input": floats([], (0, 3)), "target": floats([], (0, 3))}
        yield one(f"empty-{name}", nothing, "empty", reduction=name)
    for scale in (5, 20, 90, 700, 10000):
        yield one(f"scale-{scale}-none", draw_rows(f"scale-{scale}", (2, 4), scale), "extreme", reduction="none")
    yield one("small-none", draw_rows("small", (2, 3), 1e-4), "unstable", reduction="none")
    same = rows([[1, -2, 0.5], [0, 0, 0]], [[1, -2, 0.5], [0, 0, 0]])
    yield one("equal-rows-none", same, zero, "equal rows", reduction="none")
    near = rows([[1, 2, 3.000000238418579], [1000, -1000, 5]], [[1.0000001192092896, 2.5, 3], [1000.00006, -1001, 5.5]])
    yield one("neighbours-none", near, "unstable", "components one rounding apart", reduction="none")
    nan = rows([[1, NAN], [1, 2]], [[0, 1], [2, 4]])
    yield one("nan-none", nan, "nan", reduction="none", gradients=())
    yield one("nan-mean", nan, "nan", reduction="mean", gradients=())
    if infinite:
        far = rows([[INF, 1], [1, 2]], [[0, 3], [-INF, 4]])
        yield one("infinite-none", far, "infinity", reduction="none", gradients=())
    good = {**GOOD, **more((2, 3))}
    yield from refused_requests(good)
    yield error("SHAPE_MISMATCH", "error-shape", {**good, "target": draw_rows("o", (2, 4))["target"]})
    yield error("SHAPE_MISMATCH", "error-rows", {**good, "target": draw_rows("o", (1, 3))["target"]}, "no broadcasting")
    yield error("RANK_MISMATCH", "error-rank", {**good, "target": draw_rows("o", (3,))["target"]})
    scalars = {**good, "input": floats(1), "target": floats(2)}
    yield error("RANK_MISMATCH", "error-scalar", scalars, "there is no last axis")
    yield error("UNKNOWN_INPUT", "error-weight", {**good, "weight": floats([1, 1])}, "no weights here")


def distance_cases():
    """`row_cases` and what is common to the norms of a difference."""
    yield from row_cases()
    yield case("huge-none", rows([[3e25, 0.5], [1, 2]], [[0.25, 4e25], [-1e30, 5]]), "extreme", reduction="none")
    tiny = rows([[3e-25, 1e-25], [2e-30, 0]], [[1e-26, 4e-25], [1e-30, 3e-30]])
    yield case("tiny-none", tiny, "extreme", reduction="none")


def scipy_check(function, call=None, known=(), applies=lambda case: True):
    """`scipy.spatial.distance.<function>(u, v)` row by row; value only."""
    call = call or (lambda f, u, v, t, o: f(u, v))

    def run(module, t, o):
        f = getattr(module.spatial.distance, function)
        width = t["input"].shape[-1]
        pairs = zip(t["input"].reshape(-1, width), t["target"].reshape(-1, width))
        return [call(f, u, v, t, o) for u, v in pairs]

    def plain(case):
        return (
            case.options.get("reduction") == "none"
            and not {"nan", "empty", "infinity"} & set(case.flags)
            and applies(case)
        )

    return array_check("scipy", f"spatial.distance.{function}", run, plain, known)


def torch_rows(function, call, known=()):
    """`call(torch, x, y, options)` gives the unreduced loss."""

    def run(F, t, o):
        out = call(libraries.load("torch"), t.input, t.target, o)
        return {"none": lambda: out, "mean": out.mean, "sum": out.sum, "partial": lambda: None}[o.reduction]()

    return torch_check(function, run, known)
