"""Energy distance on the line: √(2·E|X−Y| − E|X−X′| − E|Y−Y′|), Székely 2003; 0 with slope 0 for equal samples."""

from mpmath import mp

from isoloss_oracle.batteries import INF, NAN, less_stable, refused_requests
from isoloss_oracle.blocks import Block, Unreduced, places
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import decide, order
from isoloss_oracle.crosscheck import array_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.tensors import floats
from isoloss_oracle.transport import uniform


def formula(x, y, p, q):
    """By scipy's identity 2·∫(F − G)², whose slopes at equal points follow a stable sort."""
    points = [*x, *y]
    masses = [a / sum(p) for a in p] + [-b / sum(q) for b in q]
    ranked, squared, lead = order(points), mpf(0), mpf(0)
    for low, high in zip(ranked, ranked[1:]):
        lead += masses[low]
        squared += 2 * lead**2 * (points[high] - points[low])
    if decide(bool(abs(squared) < mpf(10) ** -300), tie=abs(squared) < mpf(10) ** -300):
        return mpf(0)
    return mp.sqrt(squared)


def unreduced(inputs, o):
    names = [k for k in ("input", "target", "inputWeight", "targetWeight") if k in inputs]

    def one(numbers):
        rest, parts = numbers, {}
        for k in names:
            parts[k], rest = rest[: inputs[k].size], rest[inputs[k].size :]
        x, y = parts["input"], parts["target"]
        return formula(x, y, parts.get("inputWeight", uniform(len(x))), parts.get("targetWeight", uniform(len(y))))

    return Unreduced((), [Block(one, [s for k in names for s in places(k, range(inputs[k].size))])])


def samples(key, n=3, m=4, scale=1.0):
    draw = Draw(key)
    return {"input": draw.normal((n,), scale), "target": draw.normal((m,), scale)}


def weighted(key, n=3, m=3):
    draw = Draw(key)
    masses = {"inputWeight": draw.uniform((n,), 0.5, 3), "targetWeight": draw.uniform((m,), 0.5, 3)}
    return {**samples(key, n, m), **masses}


def given(x, y, p=None, q=None):
    weights = {"inputWeight": floats(p)} if p else {}
    weights |= {"targetWeight": floats(q)} if q else {}
    return {"input": floats(x), "target": floats(y), **weights}


def _cases():
    for name in ("none", "mean", "sum"):
        yield case(f"reduction-{name}", samples(f"r-{name}"), "reduction", reduction=name)
        yield case(f"weights-{name}", weighted(f"w-{name}"), "weight reduction", reduction=name)
    for n, m in ((1, 1), (1, 4), (4, 1), (5, 5)):
        yield case(f"sizes-{n}-{m}", samples(f"s{n}{m}", n, m), "rank")
    yield case("golden", given([0, 1], [0, 1, 2]), "fixture tie", "scipy", near=0.527046)
    shifted = given([0, 8], [0, 8], [3, 1], [2, 2])
    yield case("golden-weighted", shifted, "fixture tie weight", "scipy's example", near=1)
    yield case("input-weight-only", given([0, 1, 3], [5, 6, 8], [3, 1, 0]), "weight", gradients=("input", "target"))
    same = given([0.5, 1, 2], [2, 0.5, 1])
    yield case("same", same, "kink", "equal samples: 0 with slope 0")
    yield case("same-weights", given([0, 1], [0, 1], [1, 2], [2, 4]), "kink weight", "the same shares")
    yield case("doubled", given([0, 1], [0, 0, 1, 1]), "kink", "the same shares")
    yield case("tied", given([1, 1, 2], [1, 3]), "tie", "points that coincide")
    yield case("apart", given([0, 1, 2], [10, 11, 12]), "ordinary", "no overlap")
    yield case("close", given([0, 1, 3], [0.0009765625, 1.0009765625, 3]), "tie unstable", "nearly the same")
    for scale in (5, 20, 90, 700, 10000):
        yield case(f"scale-{scale}", samples(f"x{scale}", scale=scale), "extreme")
    offset = given([10000, 10001, 10003], [10000.5, 10002])
    yield case("offset", offset, "unstable", "a common offset of 1e4")
    negative = given([-5, -1], [-2, -7, 3])
    yield case("negative", negative, "ordinary")
    yield case("nan", given([NAN, 1], [1, 2]), "nan", gradients=())
    yield case("infinity", given([INF, 1], [1, 2]), "infinity", "∞", gradients=())
    good = samples("good")
    yield from refused_requests(good)
    yield error("BAD_OPTION", "error-partial", good, "couples all points", reduction="partial")
    yield error("SHAPE_MISMATCH", "error-weight", {**good, "inputWeight": floats([1, 2])})
    yield error("RANK_MISMATCH", "error-rank", {**good, "input": floats([[1, 2]])})


def _scipy(m, t, o):
    return m.stats.energy_distance(t["input"], t["target"], t.get("inputWeight"), t.get("targetWeight"))


LESS_STABLE = ["weights-none", "reduction-sum", "weights-sum"]

LOSS = Loss(
    id="energyDistance",
    paper="Székely, E-Statistics: The Energy of Statistical Samples, 2003; scipy.stats.energy_distance",
    unreduced=unreduced,
    cases=list(
        less_stable(
            _cases(),
            lambda c: c.key in LESS_STABLE,
            "the slope in a weight is a difference from the mean slope: weights are divided by their sum",
        )
    ),
    checks=[
        array_check("scipy", "stats.energy_distance", _scipy, lambda case: not {"nan", "infinity"} & set(case.flags))
    ],
)
