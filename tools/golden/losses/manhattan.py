"""Manhattan distance over the last axis, Σ|x − y|."""

from isoloss_oracle.cases import case
from isoloss_oracle.conventions import norm
from isoloss_oracle.distances import WORKED, distance_cases, row_pairs, rows, scipy_check, torch_rows
from isoloss_oracle.loss import Loss


def formula(x, y):
    return norm([a - b for a, b in zip(x, y)], 1)


PART = rows([[1, 2, 3], [0, -1, 4]], [[1, 4, 3], [0, 1, 4]])
OWN = [
    case("worked-none", WORKED, "fixture", "[1, 2, 3] against [2, 3, 4]: 3", reduction="none", near=3),
    case("equal-components-none", PART, "kink", "|0| has slope 0", reduction="none"),
    case("equal-components-mean", PART, "kink", "|0| has slope 0", reduction="mean"),
]

LOSS = Loss(
    id="manhattan",
    paper="scipy.spatial.distance.cityblock",
    unreduced=lambda inputs, o: row_pairs(inputs, formula),
    cases=[*distance_cases(), *OWN],
    checks=[
        scipy_check("cityblock"),
        torch_rows("linalg.vector_norm", lambda torch, x, y, o: torch.linalg.vector_norm(x - y, ord=1, dim=-1)),
    ],
)
