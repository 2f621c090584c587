"""Cases that the bounded and slowly growing losses of an error share."""

from .cases import case
from .regression import huge_cases, pair

SMALL = pair([1e-4, 1e-10, -1e-20, 0.03125], [0, 0, 0, 0])
AROUND = pair([1, -1, 1.4142135, 1.5, -2, 2.0000002, 3], [0, 0, 0, 0, 0, 0, 0])


def robust_cases(at_one, **options):
    """`at_one` is the published loss of an error of 1."""
    return [
        *huge_cases(**options),
        case("one-none", pair([1], [0]), "fixture", "as in kornia", reduction="none", near=at_one, **options),
        case("small-none", SMALL, "unstable", "e²/2", reduction="none", **options),
        case("around-none", AROUND, "ordinary", "where the pieces meet", reduction="none", **options),
        case("far-none", pair([30, -38, 50, 65, 1e5], [0, 0, 0, 0, 0]), "saturated", reduction="none", **options),
    ]
