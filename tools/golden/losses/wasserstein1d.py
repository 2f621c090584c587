"""Wasserstein distance on a line, W_p^p, along the last axis (Peyré & Cuturi, Computational Optimal Transport, 2.28).

normalized false: Σ_i |x₍ᵢ₎ − y₍ᵢ₎|^p of the sorted samples, the cost of the assignment (n = m).
normalized true:  ∫₀¹ |F⁻¹(u) − G⁻¹(u)|^p du, masses divided by their totals: every pair of sorted samples weighs as
much as their intervals of u overlap.
"""

from math import prod

from isoloss_oracle import libraries
from isoloss_oracle.batteries import INF, NAN, REDUCTIONS, refused_requests
from isoloss_oracle.blocks import Block, Unreduced, last_axis, places
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import absolute, decide, order
from isoloss_oracle.crosscheck import array_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.tensors import floats, ints


def cost(a, b, p):
    """|a − b|^p; 0 with derivative 0 where they meet."""
    size = absolute(a - b)
    return mpf(0) if decide(bool(size == 0)) else size**p


def assignment(x, y, p):
    return sum(cost(x[i], y[j], p) for i, j in zip(order(x), order(y)))


def transport(x, y, masses_x, masses_y, p):
    left, right = _quantiles(x, masses_x), _quantiles(y, masses_y)
    weighted = masses_x is not None or masses_y is not None
    total, level, i, j = mpf(0), mpf(0), 0, 0
    while i < len(left) and j < len(right):
        (a, top_a), (b, top_b) = left[i], right[j]
        last = i == len(left) - 1 and j == len(right) - 1
        first = decide(bool(top_a <= top_b), tie=weighted and not last and top_a == top_b)
        until = top_a if first else top_b
        total += (until - level) * cost(a, b, p)
        level, i, j = until, i + first, j + (not first)
    return total


def _quantiles(x, masses):
    """[(sample, F at it)] in ascending order."""
    masses = [mpf(1)] * len(x) if masses is None else masses
    total, sum_so_far, levels = sum(masses), mpf(0), []
    for i in order(x):
        sum_so_far += masses[i]
        levels.append((x[i], sum_so_far / total))
    return levels


NAMES = ("input", "target", "inputWeight", "targetWeight")


def unreduced(inputs, o):
    lead = inputs["input"].shape[:-1]
    present = [name for name in NAMES if name in inputs]

    def block(n):
        def one(numbers):
            given, rest = {}, list(numbers)
            for name in present:
                width = inputs[name].shape[-1]
                given[name], rest = rest[:width], rest[width:]
            x, y, p = given["input"], given["target"], mpf(o.p)
            if any(v != v for v in x + y):
                return mpf("nan")
            if not o.normalized:
                return assignment(x, y, p)
            return transport(x, y, given.get("inputWeight"), given.get("targetWeight"), p)

        return Block(one, [s for name in present for s in places(name, last_axis(inputs[name].shape, n))])

    return Unreduced(lead, [block(n) for n in range(prod(lead))])


def pair(x, y, u=None, v=None):
    made = {"input": floats(x), "target": floats(y)}
    made |= {"inputWeight": floats(u)} if u else {}
    return made | ({"targetWeight": floats(v)} if v else {})


def samples(key, shape, width=None, scale=1.0):
    draw = Draw(key)
    return {"input": draw.normal(shape, scale), "target": draw.normal((*shape[:-1], width or shape[-1]), scale)}


def weighted(key, shape, width):
    draw = Draw(f"{key} weights")
    masses = {"inputWeight": draw.uniform(shape, 0.25, 2), "targetWeight": draw.uniform((*shape[:-1], width), 0.25, 2)}
    return {**samples(key, shape, width), **masses}


WORKED = pair([1, 2, 3], [2, 3, 4])
TIED = pair([1, 1, 3, 0.5], [0, 3, 1, 1])
SCIPY = pair([0, 1, 2], [0, 1, 2], [0.5, 0.2, 0.3], [0.1, 0.1, 0.8])
TRUE = {"normalized": True}
EMPTY = {"input": floats([], (0, 3)), "target": floats([], (0, 3))}


def _assignment():
    yield case("worked-none", WORKED, "fixture", "3 unnormalised", reduction="none", near=3)
    yield case(
        "worked-reversed", pair([3, 1, 2], [2, 4, 3]), "fixture", "order doesn't matter", reduction="none", near=3
    )
    for p in (1, 2, 3, 1.5):
        for name in REDUCTIONS:
            key = f"p-{p}-{name}"
            yield case(
                key, samples(key, (2, 4)), "ordinary reduction" if p == 1 else "option reduction", p=p, reduction=name
            )
    yield case("rank-1", samples("r1", (5,)), "rank", reduction="none")
    yield case("rank-3", samples("r3", (2, 2, 3)), "rank", reduction="none")
    yield case("rank-4-mean", samples("r4", (2, 1, 2, 2)), "rank", p=2, reduction="mean")
    yield case("one-sample", samples("s1", (2, 1)), "ordinary", "|x − y|", reduction="none")
    for p in (1, 2):
        yield case(f"tied-{p}", TIED, "tie kink option", "a stable sort", p=p, reduction="none")
        yield case(f"same-{p}", pair([1, 2, 3], [3, 2, 1]), "kink option", "equal samples: 0", p=p, reduction="none")
    for scale in (5, 20, 90, 700, 10000):
        yield case(f"scale-{scale}", samples(f"x{scale}", (2, 3), scale=scale), "extreme", reduction="none")
        yield case(
            f"scale-{scale}-p-2", samples(f"y{scale}", (3,), scale=scale), "extreme option", p=2, reduction="none"
        )
    yield case(
        "neighbours",
        pair([1, 1.0000001192092896], [1.0000002384185791, 0.9999999403953552]),
        "unstable",
        reduction="none",
    )
    for name in REDUCTIONS:
        yield case(f"empty-{name}", EMPTY, "empty", reduction=name)
    yield case("nan-none", pair([[1, NAN], [1, 2]], [[0, 1], [3, 5]]), "nan", reduction="none", gradients=())
    yield case("infinity-none", pair([1, INF], [0, 2.5]), "infinity", reduction="none")


def _transport():
    yield case("normalized-worked", WORKED, "fixture option kink", reduction="none", **TRUE, near=1)
    yield case("normalized-scipy", pair([0, 1, 3], [5, 6, 8]), "fixture option", reduction="none", **TRUE, near=5)
    yield case(
        "weighted-scipy",
        SCIPY,
        "fixture option weight kink",
        reduction="none",
        **TRUE,
        near=0.9,
        gradients=("inputWeight", "targetWeight"),
    )
    for p in (1, 2, 3, 1.5):
        for name in REDUCTIONS:
            key = f"weighted-{p}-{name}"
            yield case(key, weighted(key, (2, 3), 4), "option weight reduction", p=p, reduction=name, **TRUE)
        key = f"sizes-{p}"
        yield case(key, samples(key, (2, 3), 5), "option", "sizes differ", p=p, reduction="none", **TRUE)
    key = "input-weight-only"
    yield case(
        key,
        {k: v for k, v in weighted(key, (4,), 3).items() if k != "targetWeight"},
        "option weight",
        reduction="none",
        **TRUE,
    )
    key = "target-weight-only"
    yield case(
        key, {k: v for k, v in weighted(key, (4,), 3).items() if k != "inputWeight"}, "option weight", p=2, **TRUE
    )
    yield case("normalized-rank-3", samples("n3", (2, 1, 3), 2), "option rank", reduction="none", **TRUE)
    yield case("normalized-one-against-many", samples("n1", (1,), 5), "option", reduction="none", **TRUE)
    yield case("normalized-tied", TIED, "tie kink option", reduction="none", **TRUE)
    some = pair([0.5, 1.5, -1], [2, 0.25, 1], [1, 0, 2], [0.5, 3, 0.75])
    yield case(
        "weight-zero",
        some,
        "option weight tie",
        "a sample of mass 0",
        reduction="none",
        **TRUE,
        gradients=("input", "target"),
    )
    total = pair([0.5, 1.5], [2, 0.25], [3, 5], [0.5, 0.25])
    yield case("totals-differ", total, "option weight", "masses divided by their totals", reduction="none", **TRUE)
    levels = pair([0.5, 1.5, 4], [2, 0.25, 1], [1, 2, 1], [1, 1, 2])
    yield case(
        "levels-meet",
        levels,
        "tie option weight",
        "F and G meet",
        reduction="none",
        **TRUE,
        gradients=("input", "target"),
    )
    for scale in (5, 20, 90, 700, 10000):
        key = f"normalized-scale-{scale}"
        yield case(key, samples(key, (3,), 4, scale), "extreme option", p=2, reduction="none", **TRUE)
    for name in ("none", "mean"):
        yield case(f"normalized-empty-{name}", EMPTY, "empty option", reduction=name, **TRUE)


def _errors():
    yield from refused_requests(WORKED)
    yield error("SHAPE_MISMATCH", "error-sizes", pair([1, 2, 3], [2, 3]), "sizes may differ only if normalized")
    yield error("SHAPE_MISMATCH", "error-rows", pair([[1, 2], [3, 4]], [[1, 2]]), **TRUE)
    yield error("RANK_MISMATCH", "error-rank", pair([[1, 2], [3, 4]], [1, 2]), **TRUE)
    yield error("RANK_MISMATCH", "error-scalar", pair(1, 2), "needs a last axis")
    yield error(
        "BAD_OPTION",
        "error-weights-unnormalized",
        pair([1, 2], [3, 4], [1, 1], [1, 2]),
        "weights need normalized: true",
    )
    yield error("SHAPE_MISMATCH", "error-weight-size", pair([1, 2], [3, 4], [1, 1, 1]), **TRUE)
    yield error("BAD_OPTION", "error-p-zero", WORKED, "p must be >= 1", p=0)
    yield error("BAD_OPTION", "error-p-negative", WORKED, "p must be >= 1", p=-1)
    yield error("BAD_OPTION", "error-normalized-text", WORKED, normalized="yes")
    yield error("BAD_DTYPE", "error-int-target", {**WORKED, "target": ints([1, 2, 3])})


def _by_rows(one):
    """A check that calls `one(module, options, x, y, u, v)` on every row; absent weights are None."""

    def run(module, t, o):
        count = len(t["input"].reshape(-1, t["input"].shape[-1]))
        rows = [t[name].reshape(-1, t[name].shape[-1]) if name in t else [None] * count for name in NAMES]
        values = [float(one(module, o, *row)) for row in zip(*rows)]
        return {"none": values, "sum": sum(values), "mean": sum(values) / count}[o.reduction]

    return run


def _distance(scipy, o, x, y, u, v):
    """scipy's distance is normalized: times n for the assignment."""
    return scipy.stats.wasserstein_distance(x, y, u, v) * (1 if o.normalized else len(x))


def _costs(o, x, y):
    return abs(x[:, None] - y[None, :]) ** float(o.p)


def _assigned(scipy, o, x, y, u, v):
    costs = _costs(o, x, y)
    return costs[scipy.optimize.linear_sum_assignment(costs)].sum()


def _transported(scipy, o, x, y, u, v):
    """The transport problem itself, as a linear program."""
    numpy = libraries.load("numpy")
    u, v = (numpy.ones(len(s)) if w is None else w for s, w in ((x, u), (y, v)))
    ones = numpy.eye(len(x)).repeat(len(y), 1), numpy.tile(numpy.eye(len(y)), len(x))
    sides = numpy.concatenate([u / u.sum(), v / v.sum()])
    costs = _costs(o, x, y)
    solved = scipy.optimize.linprog(costs.reshape(-1) / costs.max(), A_eq=numpy.vstack(ones), b_eq=sides)
    return solved.fun * costs.max()


def _finite(case):
    finite = not {"nan", "infinity", "empty"} & set(case.flags)
    return finite and case.options.get("reduction", "mean") != "partial"


def _order_one(case):
    return _finite(case) and case.options.get("p", 1) == 1


def _unnormalized(case):
    return _finite(case) and not case.options.get("normalized")


def _normalized(case):
    return _finite(case) and case.options.get("normalized")


LOSS = Loss(
    id="wasserstein1d",
    paper="Peyré & Cuturi, Computational Optimal Transport, 2019, eq. 2.28 and 2.36",
    defaults={"p": 1, "normalized": False},
    unreduced=unreduced,
    cases=[one for part in (_assignment, _transport, _errors) for one in part()],
    checks=[
        array_check("scipy", "stats.wasserstein_distance", _by_rows(_distance), _order_one),
        array_check("scipy", "optimize.linear_sum_assignment", _by_rows(_assigned), _unnormalized),
        array_check("scipy", "optimize.linprog", _by_rows(_transported), _normalized),
    ],
)
