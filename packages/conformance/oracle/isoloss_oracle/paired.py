"""What the losses of two batches share whose rows match: inputs, cases, refused requests."""

from .batteries import NAN, refused_requests
from .cases import Draw, case, error
from .tensors import floats, ints

REDUCTIONS = ("none", "mean", "sum")


def two(key, rows=3, width=2, scale=1.0, names=("anchor", "positive")):
    draw = Draw(key)
    return {name: draw.normal((rows, width), scale) for name in names}


def paired(first, second, names=("anchor", "positive")):
    return dict(zip(names, (floats(first), floats(second))))


def paired_cases(names=("anchor", "positive"), mild=None, extra=None, directions=True, nothing=""):
    """Cases of a loss of two batches that couples examples. `extra` are further inputs; `mild` gentle options."""
    mild, extra = mild or {}, extra or {}
    made = lambda key, *sizes, **rest: {**two(key, *sizes, names=names, **rest), **extra}  # noqa: E731
    for name in REDUCTIONS:
        yield case(f"plain-{name}", made(f"p{name}"), "ordinary reduction", reduction=name)
        yield case(f"mild-{name}", made(f"m{name}", 3, 3), "option reduction", reduction=name, **mild)
        none = {n: floats([], (0, 2)) for n in names} | extra
        yield case(f"empty-{name}", none, "empty", nothing, reduction=name, gradients=names)
    yield case("two-none", made("two", 2, 3), "ordinary", reduction="none", **mild)
    yield case("five-mean", made("five", 5, 2), "ordinary", reduction="mean", **mild)
    yield case("width-4-none", made("w4", 2, 4), "ordinary", reduction="none", **mild)
    yield case(
        "width-1-mean", made("w1", 3, 1), "ordinary", "D = 1", reduction="mean", gradients=() if directions else None
    )
    good = {**paired([[1, 0.5], [-0.25, 2], [1.5, -1]], [[1, 1], [0.5, 2], [2, -1]], names), **extra}
    swapped = {**paired([[1, 0.5], [-0.25, 2]], [[0.5, 2], [1, 1]], names), **extra}
    yield case("right-none", good, "ordinary", "pairs that match", reduction="none", **mild)
    yield case("swapped-none", swapped, "ordinary", "pairs that don't match", reduction="none", **mild)
    broken = {**paired([[NAN, 1], [1, 2]], [[1, 1], [2, 0.5]], names), **extra}
    for name in ("none", "mean"):
        yield case(f"nan-{name}", broken, "nan", reduction=name, gradients=())
    yield from refused_requests(good, names[0], REDUCTIONS)
    yield error("BAD_OPTION", "error-partial", good, "couples examples", reduction="partial")
    yield error("SHAPE_MISMATCH", "error-rows", {**good, names[1]: floats([[1, 2]])})
    yield error("SHAPE_MISMATCH", "error-width", {**good, names[1]: floats([[1, 2, 3]] * 3)})
    yield error("RANK_MISMATCH", "error-rank", {**good, names[1]: floats([1, 2])})
    yield error("BAD_DTYPE", "error-int-second", {**good, names[1]: ints([[1, 2], [3, 4], [5, 6]])})
    yield error("MISSING_INPUT", "error-missing-second", {names[0]: good[names[0]]})


def direction_cases(names=("anchor", "positive"), mild=None, extra=None):
    """For losses that normalise inside."""
    mild, extra = mild or {}, extra or {}
    for scale in (1e-6, 5, 20, 90, 700, 10000):
        inputs = {**two(f"l{scale}", 3, 2, scale, names), **extra}
        yield case(f"length-{scale:g}-none", inputs, "extreme", "normalised inside", reduction="none", **mild)
    nowhere = {**paired([[0, 0], [1, 2]], [[1, 1], [2, 0.5]], names), **extra}
    yield case("zero-first-none", nowhere, "kink", "the zero vector stays 0", reduction="none", **mild)
    nowhere = {**paired([[1, 1], [2, 0.5]], [[1, 2], [0, 0]], names), **extra}
    yield case("zero-second-none", nowhere, "kink", "the zero vector stays 0", reduction="none", **mild)
