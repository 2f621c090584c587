"""Entropic optimal transport of two point clouds: the dual value after exactly `iterations` steps, cost ‖x − y‖^p.

Debiased: less half of each cloud's transport to itself (Feydy et al. 2019).
"""

from isoloss_oracle.batteries import NAN, less_stable, refused_requests
from isoloss_oracle.blocks import Block, Unreduced, places
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import norm
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.tensors import floats
from isoloss_oracle.transport import dual, uniform

NAMES = ("input", "target", "inputWeight", "targetWeight")


def distances(x, y, p):
    difference = lambda v, w: [a - b for a, b in zip(v, w)]  # noqa: E731
    square = lambda d: sum(v * v for v in d)  # noqa: E731
    return [[square(difference(v, w)) if p == 2 else norm(difference(v, w)) for w in y] for v in x]


def formula(x, y, a, b, o):
    step = lambda u, s, v, t: dual(distances(u, v, o.p), s, t, mpf(o.epsilon), o.iterations)  # noqa: E731
    between = step(x, a, y, b)
    return between - (step(x, a, x, a) + step(y, b, y, b)) / 2 if o.debiased else between


def unreduced(inputs, o):
    given = [n for n in NAMES if n in inputs]
    (n, width), (m, _) = inputs["input"].shape, inputs["target"].shape

    def one(numbers):
        parts, at = {}, 0
        for name in given:
            parts[name] = numbers[at : at + inputs[name].size]
            at += inputs[name].size
        rows = lambda v: [v[i : i + width] for i in range(0, len(v), width)]  # noqa: E731
        a, b = parts.get("inputWeight", uniform(n)), parts.get("targetWeight", uniform(m))
        return formula(rows(parts["input"]), rows(parts["target"]), a, b, o)

    return Unreduced((), [Block(one, [s for k in given for s in places(k, range(inputs[k].size))])])


def clouds(key, n=3, m=4, d=2, scale=0.5):
    draw = Draw(key)
    return {"input": draw.normal((n, d), scale), "target": draw.normal((m, d), scale)}


def weighted(key, n=2, m=3, d=1, scale=0.5):
    draw = Draw(key)
    masses = {"inputWeight": draw.probabilities((n,)), "targetWeight": draw.probabilities((m,))}
    return {**clouds(key, n, m, d, scale), **masses}


LINE = {
    "input": floats([[0], [1], [2]]),
    "target": floats([[0], [1], [2]]),
    "inputWeight": floats([0.5, 0.2, 0.3]),
    "targetWeight": floats([0.1, 0.1, 0.8]),
}


def _cases():
    few = {"iterations": 3}
    yield case("plain-3", clouds("plain"), "ordinary option", **few)
    yield case("default", clouds("default", 2, 3, 1), "ordinary", "100 iterations")
    for name in ("none", "mean", "sum"):
        yield case(f"reduction-{name}", clouds("red", 2, 2), "reduction option", reduction=name, **few)
    for k in (1, 2, 5, 10):
        yield case(f"iterations-{k}", clouds(f"k{k}", 2, 3), "option", "stopped on the way", iterations=k)
    for epsilon in (0.01, 0.5, 1, 10):
        yield case(f"epsilon-{epsilon}", clouds(f"e{epsilon}", 2, 3), "option", epsilon=epsilon, **few)
    yield case("p-1", clouds("p1", 2, 3), "option", p=1, **few)
    yield case("p-1-epsilon-1", clouds("p1e", 3, 3), "option", p=1, epsilon=1, **few)
    same = {"input": floats([[0, 0], [1, 2]]), "target": floats([[0, 0], [3, 1]])}
    yield case("p-1-coincident", same, "kink option", "a distance of 0 has slope 0", p=1, epsilon=1, **few)
    yield case("debiased", clouds("deb", 2, 2), "option", debiased=True, **few)
    yield case(
        "debiased-p-1", clouds("deb1", 2, 2), "kink option", "a point's distance to itself", debiased=True, p=1, **few
    )
    itself = {"input": floats([[0.5, 1], [1, 2]]), "target": floats([[0.5, 1], [1, 2]])}
    yield case("debiased-itself", itself, "option", "0", debiased=True, epsilon=1, iterations=4)
    yield case("weights", weighted("w"), "weight option", **few)
    yield case("weights-p-1", weighted("w1"), "weight option", p=1, epsilon=1, iterations=5)
    yield case("weights-debiased", weighted("wd"), "weight option", debiased=True, **few)
    one = {k: v for k, v in weighted("wi").items() if k != "targetWeight"}
    yield case("input-weight-only", one, "weight option", **few)
    heavy = {**weighted("wh"), "inputWeight": floats([2, 3]), "targetWeight": floats([1, 0.5, 4])}
    yield case("weights-unnormalised", heavy, "weight option", "masses are taken as they are", **few)
    zero = {**weighted("wz"), "inputWeight": floats([0, 1])}
    yield case("weight-zero", zero, "weight option", gradients=("input", "target"), **few)
    yield case(
        "golden-epsilon-1",
        LINE,
        "fixture option kink",
        "converged",
        p=1,
        epsilon=1,
        iterations=25,
        near=1.002979,
        gradients=("input",),
    )
    yield case(
        "golden-epsilon-tenth",
        LINE,
        "fixture option kink",
        "converged",
        p=1,
        iterations=40,
        near=0.911849,
        gradients=("input",),
    )
    yield case(
        "golden-debiased",
        LINE,
        "fixture option kink",
        "converged",
        p=1,
        epsilon=1,
        iterations=25,
        debiased=True,
        near=0.497804,
        gradients=(),
    )
    for scale in (5, 20, 90, 700):
        yield case(f"scale-{scale}", clouds(f"x{scale}", 2, 3, 1, scale), "extreme option", epsilon=1, **few)
    yield case("scale-1e4", clouds("x4", 2, 2, 1, 1e4), "extreme option", p=1, **few)
    yield case("one-point", clouds("one", 1, 1), "ordinary option", "the cost itself, in the second half-step", **few)
    yield case("one-to-many", clouds("many", 1, 3), "ordinary option", **few)
    nan = {**clouds("nan", 2, 2), "input": floats([[NAN, 1], [1, 2]])}
    yield case("nan", nan, "nan option", gradients=(), **few)
    good = clouds("good", 2, 3)
    yield from refused_requests(good)
    yield error("BAD_OPTION", "error-partial", good, "couples all points", reduction="partial")
    for name, value in {"epsilon": 0, "iterations": 0, "p": 3}.items():
        yield error("BAD_OPTION", f"error-{name}-{value}", good, **{name: value})
    yield error("BAD_OPTION", "error-iterations-fraction", good, iterations=2.5)
    yield error("SHAPE_MISMATCH", "error-width", {**good, "target": floats([[1, 2, 3]])})
    yield error("SHAPE_MISMATCH", "error-weight", {**good, "inputWeight": floats([1, 2, 3])})
    yield error("RANK_MISMATCH", "error-rank", {**good, "input": floats([1, 2])})


LESS_STABLE = [
    "plain-3",
    "default",
    "reduction-none",
    "reduction-mean",
    "reduction-sum",
    "iterations-1",
    "iterations-2",
    "iterations-5",
    "iterations-10",
    "epsilon-0.01",
    "epsilon-0.5",
    "epsilon-1",
    "epsilon-10",
    "p-1",
    "p-1-epsilon-1",
    "p-1-coincident",
    "debiased",
    "debiased-p-1",
    "weights-p-1",
    "weights-debiased",
    "input-weight-only",
    "weights-unnormalised",
    "golden-epsilon-1",
    "golden-epsilon-tenth",
    "golden-debiased",
    "scale-5",
    "scale-20",
    "scale-90",
    "scale-700",
    "scale-1e4",
]

LOSS = Loss(
    id="sinkhorn",
    paper="Cuturi, Sinkhorn Distances, 2013; Feydy et al., Interpolating between Optimal Transport and MMD, 2019",
    defaults={"p": 2, "epsilon": 0.1, "iterations": 100, "debiased": False},
    unreduced=unreduced,
    cases=list(
        less_stable(
            _cases(),
            lambda c: c.key in LESS_STABLE,
            "rounding errors of the steps add up in the bound, where the iteration contracts them",
        )
    ),
)
