"""What the losses of scores and a class label share: their blocks and their cases."""

from .batteries import REDUCTIONS, refused_requests
from .blocks import Block, ClassRows, Unreduced, places
from .cases import Draw, case, error
from .conventions import decide
from .labelled import index
from .numbers import INF, NAN, exp, log, mpf
from .tensors import floats, ints


def split(numbers, size):
    return [numbers[i : i + size] for i in range(0, len(numbers), size)]


def label_blocks(inputs, o, formula, vectors=()):
    """Blocks of `formula(scores, label, *vectors)` along the class axis; a vector left out is passed as None."""
    rows = ClassRows(inputs["input"].shape, o.classAxis)
    given = [name for name in vectors if name in inputs]

    def block(n):
        y = inputs["target"].data[n]
        if y == getattr(o, "ignoreIndex", None):
            return None

        def one(numbers):
            x, *rest = split(numbers, rows.classes)
            return formula(x, y, *(rest[given.index(v)] if v in given else None for v in vectors))

        spots = places("input", rows.row(n))
        return Block(one, spots + [p for v in given for p in places(v, range(rows.classes))])

    return Unreduced(rows.shape, [block(n) for n in range(len(rows))])


def soft_blocks(inputs, o, formula, vectors=()):
    """Blocks of `formula(scores, target row, *vectors)` along the class axis."""
    rows = ClassRows(inputs["input"].shape, o.classAxis)
    given = [name for name in vectors if name in inputs]

    def one(numbers):
        x, t, *rest = split(numbers, rows.classes)
        return formula(x, t, *(rest[given.index(v)] if v in given else None for v in vectors))

    shared = [p for v in given for p in places(v, range(rows.classes))]
    spots = [places("input", rows.row(n)) + places("target", rows.row(n)) + shared for n in range(len(rows))]
    return Unreduced(rows.shape, [Block(one, s) for s in spots])


def odds_against(x, y):
    """(1 − p_y)/p_y of a softmax: Σ of the others' e^(x_c − x_y), with its limits at infinite scores; else NaN."""
    rest = [v for c, v in enumerate(x) if c != y]
    if decide(any(v != v for v in x) or all(v == -INF for v in x) or (x[y] == INF and INF in rest)):
        return NAN * x[0]
    return sum((exp(v - x[y]) for v in rest), mpf(0))


def surprise(x, y):
    """−ln p_y."""
    return log(1 + odds_against(x, y))


def others(x, y):
    """1 − p_y."""
    odds = odds_against(x, y)
    return odds if decide(bool(odds == 0 or odds != odds)) else 1 / (1 + 1 / odds)


def hard_scores(scale):
    """Sure and right, sure and wrong, undecided between two, one outlier below."""
    s = scale
    return floats([[s, 0, -s], [s, 0, -s], [s, s, -s], [0, -s, 0.5]]), ints([0, 2, 1, 1])


def label_cases(extra=lambda classes: {}, draw=index, ignores=False, scales=(5, 20, 90, 700, 10000), tie=""):
    """Reductions, layouts, extremes, empties, NaN and refused requests; `extra` makes the further inputs.

    `tie` is added to the flags of the cases with equal scores.
    """

    def make(key, shape, axis=1):
        made = draw(key, shape, axis)
        return {**made, **extra(shape[0 if len(shape) == 1 else axis % len(shape)])}

    for name in REDUCTIONS:
        yield case(f"plain-{name}", make(f"plain-{name}", (3, 4)), "ordinary reduction", reduction=name)
        none = {"input": floats([], (0, 3)), "target": ints([], (0,)), **extra(3)}
        yield case(f"empty-{name}", none, "empty", reduction=name)
    none = {"input": floats([], (2, 3, 0)), "target": ints([], (2, 0)), **extra(3)}
    yield case("empty-spatial-mean", none, "empty rank", reduction="mean")
    yield case("rank-1", make("rank-1", (4,)), "rank", "classes alone", reduction="none")
    yield case("rank-1-mean", make("rank-1-mean", (3,)), "rank", reduction="mean")
    yield case("rank-3", make("rank-3", (2, 3, 2)), "rank", reduction="none")
    yield case("rank-4-mean", make("rank-4", (2, 3, 1, 2)), "rank", reduction="mean")
    yield case("last-rank-2", make("last-2", (3, 4), -1), "rank option", reduction="none", classAxis=-1)
    yield case("last-rank-3-mean", make("last-3", (2, 2, 3), -1), "rank option", reduction="mean", classAxis=-1)
    yield case("axis-0", make("axis-0", (3, 4), 0), "rank option", "classes first", reduction="none", classAxis=0)
    yield case("axis-2-sum", make("axis-2", (1, 2, 3), 2), "rank option", reduction="sum", classAxis=2)
    yield case("two-classes", make("two", (3, 2)), "ordinary", reduction="none")
    for scale in scales:
        scores, labels = hard_scores(scale)
        hard = {"input": scores, "target": labels, **extra(3)}
        # The rows' parts of a shared vector's gradient cancel exactly: only that of the scores is stated.
        yield case(f"hard-{scale}", hard, f"extreme unstable {tie}", reduction="none", gradients=("input",))
        wide = {**make(f"random-{scale}", (3, 4)), "input": Draw(f"random-{scale}").normal((3, 4), scale)}
        yield case(f"random-{scale}", wide, "extreme", reduction="none", gradients=("input",))
    if scales:
        hard = {"input": hard_scores(700)[0], "target": hard_scores(700)[1], **extra(3)}
        yield case("hard-700-mean", hard, f"extreme reduction {tie}", reduction="mean", gradients=("input",))
        equal = {"input": floats([[2, 2, 2], [-5, -5, 1]]), "target": ints([1, 0]), **extra(3)}
        yield case("equal-scores", equal, f"ordinary {tie}", reduction="none")
        offset = {"input": floats([[10001, 10000, 9999], [-9998, -10000, -10001]]), "target": ints([2, 1]), **extra(3)}
        yield case("offset", offset, f"unstable {tie}", "a common offset of 1e4", reduction="none")
    good = make("good", (2, 3))
    nan = {**good, "input": floats([[NAN, *good["input"].data[1:3]], good["input"].data[3:]])}
    for name in ("none", "mean"):
        yield case(f"nan-{name}", nan, "nan", reduction=name, gradients=())
    if ignores:
        yield from _ignored(make, extra)
    yield from refused_requests(good)
    yield error("LABEL_OUT_OF_RANGE", "error-label-high", {**good, "target": ints([3, 0])})
    yield error("LABEL_OUT_OF_RANGE", "error-label-negative", {**good, "target": ints([2, -1])}, "no wrapping around")
    yield error("SHAPE_MISMATCH", "error-target-rows", {**good, "target": ints([2, 0, 1])})
    yield error("RANK_MISMATCH", "error-target-rank", {**good, "target": ints([[[2]]])})
    yield error("BAD_DTYPE", "error-float-labels", {**good, "target": floats([2, 0])}, "indices must be integers")
    yield error("RANK_MISMATCH", "error-class-axis", good, "no such axis", classAxis=2)
    for name in extra(3):
        yield error("SHAPE_MISMATCH", f"error-{name}-classes", {**good, name: floats([0.5, 0.5])})


def _ignored(make, extra):
    some = {**make("ignore", (3, 3)), "target": ints([2, -100, 0])}
    for name in REDUCTIONS:
        yield case(f"ignore-{name}", some, "ignore", reduction=name)
        nothing = {**some, "target": ints([-100] * 3)}
        yield case(f"ignore-all-{name}", nothing, "ignore empty", reduction=name)
    yield case(
        "ignore-255-mean", {**some, "target": ints([255, 1, 0])}, "ignore option", reduction="mean", ignoreIndex=255
    )
    inside = {**some, "target": ints([0, 1, 0])}
    yield case("ignore-class-0", inside, "ignore option", reduction="none", ignoreIndex=0)
    yield case("ignore-off", inside, "option", "null switches it off", reduction="none", ignoreIndex=None)
    hidden = {"input": floats([[NAN, INF, -INF], [0.5, -1, 0.2]]), "target": ints([-100, 0]), **extra(3)}
    for name in ("none", "mean"):
        yield case(f"ignore-hides-nan-{name}", hidden, "ignore nan infinity", reduction=name)
    yield error("LABEL_OUT_OF_RANGE", "error-label-ignore-off", {**some}, ignoreIndex=None)


def infinite_scores():
    """Impossible classes of a softmax."""
    others_impossible = {"input": floats([[1, -INF, 0.5], [-INF, 2, -INF]]), "target": ints([0, 1])}
    yield case("minus-infinity-others", others_impossible, "infinity", "impossible classes", reduction="none")
    own = {"input": floats([[1, -INF, 0.5], [0, 2, 1]]), "target": ints([1, 2])}
    yield case("minus-infinity-own", own, "infinity", "the true class is impossible: ∞", reduction="none")
    plus = {"input": floats([[INF, 0, 1], [0, 1, 2]]), "target": ints([0, 1])}
    yield case("plus-infinity", plus, "infinity", "the limit: 0", reduction="none", gradients=())
    plus = {"input": floats([[0, INF, 1], [0, 1, 2]]), "target": ints([0, 1])}
    yield case("plus-infinity-other", plus, "infinity", "the limit: ∞", reduction="none", gradients=())


def infinite_scores_beside(extra):
    """The same with inputs for three classes more, which have no gradient here."""
    for one in infinite_scores():
        yield case(
            one.key,
            {**one.inputs, **extra},
            " ".join(one.flags),
            one.comment,
            gradients=one.gradients and ("input",),
            reduction="none",
        )


def only(*names):
    """A library check for plain cases: labels, classes last, no reduction, no option but those named."""

    def applies(case):
        axis, rank = case.options.get("classAxis", 1), len(case.inputs["input"].shape)
        last = rank == 1 or axis in (-1, rank - 1)
        ours = case.options.keys() <= {"reduction", "classAxis", *names} and case.inputs.keys() <= {"input", "target"}
        return last and ours and case.options.get("reduction") == "none" and "ignore" not in case.flags

    return applies
