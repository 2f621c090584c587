"""Cases that whole families share: reductions, ranks, weights, masks, empty inputs, NaN and refused requests."""

from dataclasses import replace

from .cases import Draw, case, error
from .tensors import bools, floats, ints

NAN, INF = float("nan"), float("inf")
REDUCTIONS = ("none", "mean", "sum", "partial")


def refused_requests(good, first="input", reductions=REDUCTIONS):
    """Requests that every loss refuses, made from one good set of inputs."""
    missing = {k: v for k, v in good.items() if k != first}
    yield error("BAD_OPTION", "error-unknown-option", good, "no such option", nosuch=1)
    yield error("BAD_OPTION", "error-reduction", good, "no such reduction", reduction="median")
    yield error(
        "BAD_OPTION", "error-size-average", good, "deprecated; the message points to reduction", size_average=True
    )
    if "batchmean" not in reductions:
        yield error("BAD_OPTION", "error-batchmean", good, "batchmean belongs to other losses", reduction="batchmean")
    yield error("MISSING_INPUT", "error-missing-input", missing)
    yield error("UNKNOWN_INPUT", "error-unknown-input", {**good, "surplus": floats([1.0])})
    integers = ints([0] * good[first].size, good[first].shape)
    yield error("BAD_DTYPE", "error-int-input", {**good, first: integers}, f"{first} must be float")


def elementwise_battery(inputs, weighted=True, reductions=REDUCTIONS, masked=None):
    """For elementwise losses with [w][m]. `inputs(draw, shape)` draws input and target (and more) of a shape."""
    masked = weighted if masked is None else masked
    for name in reductions:
        pair = inputs(Draw(f"reduce-{name}"), (2, 3))
        yield case(f"reduce-{name}", pair, "ordinary reduction", reduction=name)
    for shape in ((), (4,), (2, 2, 3), (2, 1, 2, 3)):
        key = f"rank-{len(shape)}"
        yield case(key, inputs(Draw(key), shape), "rank", reduction="none")
    yield case("one-element-mean", inputs(Draw("one"), (1,)), "reduction", reduction="mean")
    yield case("sixteen-mean", inputs(Draw("sixteen"), (4, 4)), "reduction", reduction="mean")
    yield from _empty(inputs, reductions)
    if weighted:
        yield from _weights(inputs)
    if masked:
        yield from (one for one in _masks(inputs) if weighted or "weight" not in one.inputs)
    good = inputs(Draw("good"), (2, 3))
    yield from refused_requests(good, reductions=reductions)
    other = inputs(Draw("other"), (2, 4))["target"]
    yield error("SHAPE_MISMATCH", "error-shape", {**good, "target": other})
    lower = inputs(Draw("lower"), (3,))["target"]
    yield error("RANK_MISMATCH", "error-rank", {**good, "target": lower}, "input and target don't broadcast")
    if weighted:
        yield error("SHAPE_MISMATCH", "error-weight-shape", {**good, "weight": floats([1, 2])})
    if masked:
        yield error("SHAPE_MISMATCH", "error-mask-shape", {**good, "mask": bools([True, False])})
        yield error("BAD_DTYPE", "error-mask-float", {**good, "mask": floats([1, 0, 1])}, "mask must be bool")


def _empty(inputs, reductions):
    for name in reductions:
        yield case(f"empty-{name}", inputs(Draw("empty"), (0,)), "empty", reduction=name)
    yield case("empty-axis-none", inputs(Draw("empty"), (2, 0, 3)), "empty rank", reduction="none")


def _weights(inputs):
    for name in REDUCTIONS:
        draw = Draw(f"weight-{name}")
        pair = inputs(draw, (2, 3))
        yield case(f"weight-{name}", {**pair, "weight": draw.uniform((2, 3), 0.5, 3)}, "weight", reduction=name)
    shapes = {"lower-rank": (3,), "unit-axis": (2, 1), "scalar": (), "outer-unit": (1, 3)}
    for at, (label, shape) in enumerate(shapes.items()):
        draw = Draw(f"weight-{label}")
        weighted = {**inputs(draw, (2, 3)), "weight": draw.uniform(shape, 0.5, 3)}
        yield case(f"weight-{label}", weighted, "weight", reduction=("mean", "none", "mean", "sum")[at])
    pair = inputs(Draw("weight-zero"), (4,))
    weighted = {**pair, "weight": floats([0, 2, 0, 1])}
    yield case("weight-some-zero-mean", weighted, "weight", "weight 0 adds nothing", reduction="mean")
    yield case("weight-negative-none", {**pair, "weight": floats([-1, 2, -0.5, 1])}, "weight", reduction="none")


def _masks(inputs):
    for name in REDUCTIONS:
        masked = {**inputs(Draw(f"mask-{name}"), (2, 3)), "mask": bools([[1, 0, 1], [0, 1, 1]])}
        yield case(f"mask-{name}", masked, "mask", reduction=name)
    for label, shape in {"lower-rank": [1, 0, 1], "unit-axis": [[1], [0]], "outer-unit": [[0, 1, 1]]}.items():
        masked = {**inputs(Draw(f"mask-{label}"), (2, 3)), "mask": bools(shape)}
        yield case(f"mask-{label}-mean", masked, "mask", reduction="mean")
    draw = Draw("mask-weight")
    both = {**inputs(draw, (2, 3)), "weight": draw.uniform((3,), 0.5, 3), "mask": bools([[1, 0, 1], [1, 1, 0]])}
    yield case("mask-and-weight-mean", both, "mask weight", reduction="mean")
    yield case("mask-and-weight-partial", both, "mask weight", reduction="partial")
    pair = inputs(Draw("mask-hidden"), (4,))
    hidden = {**pair, "input": floats([*pair["input"].data[:2], NAN, INF]), "mask": bools([1, 1, 0, 0])}
    for name in ("none", "mean"):
        yield case(f"mask-hides-nan-{name}", hidden, "mask nan infinity", reduction=name)
    hidden = {**pair, "target": floats([NAN, *pair["target"].data[1:]]), "weight": floats([NAN, 1, 2, INF])}
    hidden["mask"] = bools([0, 1, 1, 0])
    yield case("mask-hides-nan-weight-sum", hidden, "mask nan weight", reduction="sum")
    for name in REDUCTIONS:
        nothing = {**pair, "mask": bools([0, 0, 0, 0])}
        yield case(f"mask-all-{name}", nothing, "mask empty", reduction=name)


def less_stable(cases, keys, why):
    """The cases, those that `keys(case)` picks flagged as less stable, with the reason as comment."""
    note = lambda c: f"{c.comment}; {why}" if c.comment else why  # noqa: E731
    flag = lambda c: replace(c, flags=(*c.flags, "stability-exception"), comment=note(c))  # noqa: E731
    return [flag(c) if not c.error and keys(c) else c for c in cases]
