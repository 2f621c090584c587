"""Minkowski distance over the last axis, (Σ|x − y|^p)^(1/p)."""

from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import norm
from isoloss_oracle.distances import GOOD, WORKED, distance_cases, row_pairs, rows, scipy_check, torch_rows
from isoloss_oracle.loss import Loss


def formula(x, y, p):
    return norm([a - b for a, b in zip(x, y)], p)


def _pair(key, shape=(2, 3), scale=1.5):
    draw = Draw(key)
    return {"input": draw.normal(shape, scale), "target": draw.normal(shape, scale)}


PART = rows([[1, 2, 3], [0, -1, 4]], [[1, 4, 2.5], [0, 1, 4]])


def _cases():
    yield from distance_cases()
    yield case("scipy-none", rows([1, 2], [0, 0]), "fixture", reduction="none", near=2.0800838)
    yield case("worked-none", WORKED, "fixture", "[1, 2, 3] against [2, 3, 4]: ∛3", reduction="none", near=1.4422496)
    for p in (1, 1.5, 2, 4, 10, 0.5, "Infinity"):
        yield case(f"p-{p}-none", _pair(f"p{p}"), "option", p=p, reduction="none")
        yield case(f"p-{p}-mean", _pair(f"pm{p}"), "option", p=p, reduction="mean")
        yield case(f"p-{p}-equal-components", PART, "kink option", "|0| has slope 0", p=p, reduction="none")
        yield case(f"p-{p}-scale-1e4", _pair(f"ps{p}", (2, 3), 1e4), "extreme option", p=p, reduction="none")
    same = rows([[1, -2]], [[1, -2]])
    yield case("p-half-equal-rows", same, "kink option", "the zero vector: slope 0", p=0.5, reduction="none")
    yield case("tie-p-infinity", rows([[2, 0]], [[0, 2]]), "tie option", p="Infinity", reduction="none")
    yield error("BAD_OPTION", "error-p-zero", GOOD, "p must be > 0", p=0)
    yield error("BAD_OPTION", "error-p-negative", GOOD, "p must be > 0", p=-1)
    yield error("BAD_OPTION", "error-p-text", GOOD, p="three")


LOSS = Loss(
    id="minkowski",
    paper="scipy.spatial.distance.minkowski",
    defaults={"p": 3},
    unreduced=lambda inputs, o: row_pairs(inputs, lambda x, y: formula(x, y, o.p)),
    cases=list(_cases()),
    checks=[
        scipy_check("minkowski", lambda f, u, v, t, o: f(u, v, float(o.p))),
        torch_rows("linalg.vector_norm", lambda torch, x, y, o: torch.linalg.vector_norm(x - y, float(o.p), dim=-1)),
    ],
)
