"""Chebyshev distance over the last axis, max|x − y|; equal largest components share the gradient."""

from isoloss_oracle.cases import case
from isoloss_oracle.conventions import norm
from isoloss_oracle.distances import WORKED, distance_cases, row_pairs, rows, scipy_check, torch_rows
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import INF


def formula(x, y):
    return norm([a - b for a, b in zip(x, y)], INF)


TIE = rows([[2, 0, 1], [0, 0, 0]], [[0, 2, 0.5], [3, -3, 3]])
OWN = [
    case("worked-none", WORKED, "fixture tie", "[1, 2, 3] against [2, 3, 4]: 1", reduction="none", near=1),
    case("tie-none", TIE, "tie", "two and three largest", reduction="none"),
    case("tie-mean", TIE, "tie", "two and three largest", reduction="mean"),
]

LOSS = Loss(
    id="chebyshev",
    paper="scipy.spatial.distance.chebyshev",
    unreduced=lambda inputs, o: row_pairs(inputs, formula),
    cases=[*distance_cases(), *OWN],
    checks=[
        scipy_check("chebyshev"),
        torch_rows("linalg.vector_norm", lambda torch, x, y, o: torch.linalg.vector_norm(x - y, float("inf"), dim=-1)),
    ],
)
