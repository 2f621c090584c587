"""Losses of lists: a block for every list along the last axis, and the cases they share."""

from math import prod

from .batteries import NAN, REDUCTIONS, refused_requests
from .blocks import Block, Unreduced, last_axis, places
from .cases import Draw, case, error
from .tensors import floats, ints


def lists(inputs, formula):
    """`formula(scores, relevances)` of each list."""
    shape = inputs["input"].shape
    width = shape[-1]
    one = lambda numbers: formula(numbers[:width], numbers[width:])  # noqa: E731
    spots = lambda n: [s for k in ("input", "target") for s in places(k, last_axis(shape, n))]  # noqa: E731
    return Unreduced(shape[:-1], [Block(one, spots(n)) for n in range(prod(shape[:-1]))])


def pair(scores, relevances):
    return {"input": floats(scores), "target": floats(relevances)}


def graded(key, shape, scale=1.0):
    """Scores, and relevances 0 to 4 without ties in a list of up to five."""
    draw = Draw(key)
    scores = draw.normal(shape, scale)
    rows = prod(shape[:-1])
    grades = [sorted(range(5), key=lambda _: draw._random.random())[: shape[-1]] for _ in range(rows)]
    return {"input": scores, "target": floats([g for row in grades for g in row], shape)}


GOOD = graded("good", (2, 3))
SCALES = (5, 20, 90, 700, 10000)


def list_cases(near, scales=SCALES, tie="kink", lone="ordinary"):
    """`near`: the loss of scores [1,2,3] with relevances [0,1,2]."""
    yield case("fixture", pair([1, 2, 3], [0, 1, 2]), "fixture", reduction="none", near=near)
    yield case("fixture-mean", pair([[1, 2, 3]], [[0, 1, 2]]), "fixture", near=near)
    for name in REDUCTIONS:
        yield case(f"reduce-{name}", graded(f"reduce-{name}", (2, 3)), "ordinary reduction", reduction=name)
        yield case(f"empty-{name}", {n: floats([], (0, 3)) for n in GOOD}, "empty", reduction=name)
    for shape in ((4,), (2, 3), (2, 2, 3)):
        key = f"rank-{len(shape)}"
        yield case(key, graded(key, shape), "rank", reduction="none")
    for at in range(3):
        yield case(f"drawn-{at}", graded(f"drawn-{at}", (2, 4), 2), "ordinary", reduction="none")
    for scale in scales:
        key = f"scale-{scale}"
        yield case(key, graded(key, (2, 3), scale), "extreme", reduction="none")
    right = pair([[-30, 0, 20], [5, 90, -90]], [[0, 1, 2], [1, 2, 0]])
    yield case("right", right, "saturated extreme", "in order, far apart", reduction="none")
    wrong = pair([[30, 0, -20], [5, -90, 90]], [[0, 1, 2], [1, 2, 0]])
    yield case("wrong", wrong, "extreme", "the wrong way round", reduction="none")
    yield case("same-scores", pair([[1, 1, 1]], [[0, 1, 2]]), "ordinary", "equal scores", reduction="none")
    yield case("same-relevances", pair([[1, 2, 4]], [[1, 1, 1]]), f"{tie} tie", "equal relevances", reduction="none")
    yield case("some-equal", pair([[0.5, -1, 2, 0]], [[1, 0, 1, 0]]), f"{tie} tie", "two grades", reduction="none")
    yield case(
        "none-relevant", pair([[0.5, -1, 2]], [[0, 0, 0]]), f"{tie} tie", "nothing is relevant", reduction="none"
    )
    yield case("one-item", pair([[0.5], [2]], [[1], [0]]), lone, "lists of one", reduction="none")
    yield case("no-items", {n: floats([], (2, 0)) for n in GOOD}, "empty", "empty lists", reduction="none")
    yield case("two-items", pair([[0.5, 2]], [[1, 0]]), "ordinary", reduction="none")
    yield case("near-scores", pair([[1, 1.0000001192092896]], [[1, 0]]), "unstable", reduction="none")
    yield case("nan", pair([[NAN, 1]], [[1, 0]]), "nan", reduction="none", gradients=())
    yield from refused_requests(GOOD)
    yield error("SHAPE_MISMATCH", "error-shape", {**GOOD, "target": floats([[0, 1]] * 2)})
    yield error("RANK_MISMATCH", "error-rank", {**GOOD, "target": floats([0, 1, 2])})
    yield error("RANK_MISMATCH", "error-scalar", {n: floats(1) for n in GOOD})
    yield error("BAD_DTYPE", "error-int-target", {**GOOD, "target": ints([[0, 1, 2]] * 2)}, "relevances are floats")
