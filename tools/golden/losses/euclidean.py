"""Euclidean distance over the last axis, √Σ(x − y)²; derivative 0 at distance 0."""

from isoloss_oracle.cases import case
from isoloss_oracle.conventions import norm
from isoloss_oracle.distances import WORKED, distance_cases, row_pairs, rows, scipy_check, torch_rows
from isoloss_oracle.loss import Loss


def formula(x, y):
    return norm([a - b for a, b in zip(x, y)])


OWN = [
    case("worked-none", WORKED, "fixture", "[1, 2, 3] against [2, 3, 4]: √3", reduction="none", near=1.7320508),
    case("worked-mean", WORKED, "fixture", "[1, 2, 3] against [2, 3, 4]: √3", reduction="mean", near=1.7320508),
    case("pythagoras-none", rows([[3, 0], [0, 12]], [[0, 4], [5, 0]]), "fixture", "3-4-5, 5-12-13", reduction="none"),
]

LOSS = Loss(
    id="euclidean",
    paper="scipy.spatial.distance.euclidean",
    unreduced=lambda inputs, o: row_pairs(inputs, formula),
    cases=[*distance_cases(), *OWN],
    checks=[
        scipy_check("euclidean"),
        torch_rows("linalg.vector_norm", lambda torch, x, y, o: torch.linalg.vector_norm(x - y, dim=-1)),
    ],
)
