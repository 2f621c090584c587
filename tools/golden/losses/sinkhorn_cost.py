"""Entropic optimal transport for a given cost matrix: the dual value after exactly `iterations` log-domain steps."""

from isoloss_oracle.batteries import NAN, less_stable, refused_requests
from isoloss_oracle.blocks import Block, Unreduced, places
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.tensors import floats
from isoloss_oracle.transport import dual, uniform


def unreduced(inputs, o):
    n, m = inputs["cost"].shape
    names = [k for k in ("cost", "inputWeight", "targetWeight") if k in inputs]

    def one(numbers):
        rest, parts = numbers, {}
        for k in names:
            parts[k], rest = rest[: inputs[k].size], rest[inputs[k].size :]
        rows = [parts["cost"][i * m : (i + 1) * m] for i in range(n)]
        a, b = parts.get("inputWeight", uniform(n)), parts.get("targetWeight", uniform(m))
        return dual(rows, a, b, mpf(o.epsilon), o.iterations)

    return Unreduced((), [Block(one, [s for k in names for s in places(k, range(inputs[k].size))])])


def matrix(key, n=2, m=3, high=1.0):
    return {"cost": Draw(key).uniform((n, m), 0, high)}


def masses(key, n=2, m=3):
    draw = Draw(key)
    return {"inputWeight": draw.probabilities((n,)), "targetWeight": draw.probabilities((m,))}


LINE = {
    "cost": floats([[0, 1, 2], [1, 0, 1], [2, 1, 0]]),
    "inputWeight": floats([0.5, 0.2, 0.3]),
    "targetWeight": floats([0.1, 0.1, 0.8]),
}


def _cases():
    few = {"iterations": 3}
    yield case("plain", matrix("plain", 3, 4), "ordinary option", **few)
    yield case("default", matrix("default"), "ordinary", "100 iterations")
    for name in ("none", "mean", "sum"):
        yield case(f"reduction-{name}", {**matrix("red"), **masses("red")}, "reduction option", reduction=name, **few)
    for k in (1, 2, 10):
        yield case(f"iterations-{k}", matrix(f"k{k}"), "option", "stopped on the way", iterations=k)
    for epsilon in (0.01, 0.5, 1, 100):
        yield case(f"epsilon-{epsilon}", matrix(f"e{epsilon}"), "option", epsilon=epsilon, **few)
    yield case("weights", {**matrix("w"), **masses("w")}, "weight option", **few)
    only = {**matrix("wt"), "targetWeight": masses("wt")["targetWeight"]}
    yield case("target-weight-only", only, "weight option", **few)
    heavy = {**matrix("wh"), "inputWeight": floats([2, 3]), "targetWeight": floats([1, 0.5, 4])}
    yield case("weights-unnormalised", heavy, "weight option", "masses are taken as they are", **few)
    zero = {**matrix("wz"), "targetWeight": floats([0, 0.25, 0.75])}
    yield case("weight-zero", zero, "weight option", gradients=("cost",), **few)
    golden = {"epsilon": 1, "iterations": 25, "near": 1.002979, "gradients": ("cost",)}
    yield case("golden-epsilon-1", LINE, "fixture option", "converged", **golden)
    yield case(
        "golden-epsilon-tenth", LINE, "fixture option", "converged", iterations=40, near=0.911849, gradients=("cost",)
    )
    for scale in (5, 20, 90, 700, 10000):
        yield case(f"scale-{scale}", matrix(f"x{scale}", high=scale), "extreme option", **few)
    yield case("negative-cost", {"cost": floats([[-1, 0.5], [2, -3]])}, "ordinary option", "not checked", **few)
    yield case("equal-cost", {"cost": floats([[2, 2], [2, 2]])}, "ordinary option", "that cost", near=2, **few)
    yield case("one-by-one", {"cost": floats([[0.75]])}, "ordinary option", near=0.75, **few)
    nan = {"cost": floats([[NAN, 1], [1, 2]])}
    yield case("nan", nan, "nan option", gradients=(), **few)
    good = matrix("good")
    yield from refused_requests(good, "cost")
    yield error("BAD_OPTION", "error-partial", good, "couples all points", reduction="partial")
    yield error("BAD_OPTION", "error-p", good, "the cost is given", p=2)
    yield error("BAD_OPTION", "error-epsilon", good, "epsilon must be > 0", epsilon=0)
    yield error("BAD_OPTION", "error-iterations", good, "iterations must be >= 1", iterations=0)
    yield error("SHAPE_MISMATCH", "error-weight", {**good, "inputWeight": floats([1, 2, 3])})
    yield error("RANK_MISMATCH", "error-rank", {"cost": floats([1, 2])})


LESS_STABLE = [
    "plain",
    "default",
    "reduction-none",
    "reduction-mean",
    "reduction-sum",
    "iterations-1",
    "iterations-2",
    "iterations-10",
    "epsilon-0.01",
    "epsilon-0.5",
    "epsilon-1",
    "epsilon-100",
    "weights",
    "target-weight-only",
    "weights-unnormalised",
    "weight-zero",
    "golden-epsilon-1",
    "golden-epsilon-tenth",
    "scale-5",
    "scale-20",
    "scale-90",
    "scale-700",
    "scale-10000",
    "negative-cost",
    "equal-cost",
]

LOSS = Loss(
    id="sinkhornCost",
    paper="Cuturi, Sinkhorn Distances: Lightspeed Computation of Optimal Transport, 2013",
    defaults={"epsilon": 0.1, "iterations": 100},
    unreduced=unreduced,
    cases=list(
        less_stable(
            _cases(),
            lambda c: c.key in LESS_STABLE,
            "rounding errors of the steps add up in the bound, where the iteration contracts them",
        )
    ),
)
