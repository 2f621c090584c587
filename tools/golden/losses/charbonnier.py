"""Charbonnier: √(e² + eps²), as Lai et al. 2017 (LapSRN) write it."""

from mpmath import mp

from isoloss_oracle.cases import case, error
from isoloss_oracle.numbers import mpf
from isoloss_oracle.regression import difference_loss, good_request, huge_cases, pair


def formula(x, y, o):
    return mp.sqrt((x - y) ** 2 + mpf(o.eps) ** 2)


STEPS = pair([0.3, -0.2, 4, 0.75, -9], [0, 0.4, -1, 0, 2])
OWN = [
    *huge_cases(),
    case("one-none", pair([1], [0]), "fixture", "kornia's form gives 0.414", reduction="none", near=1.0000005),
    *(case(f"eps-{e}-none", STEPS, "option", eps=e, reduction="none") for e in (1e-6, 0.1, 1, 10)),
    *(case(f"eps-{e}-mean", STEPS, "option", eps=e, reduction="mean") for e in (0.01, 1)),
    case("small-none", pair([1e-4, 1e-10, -1e-20], [0, 0, 0]), "unstable", "nearly eps", reduction="none"),
    error("BAD_OPTION", "error-eps-zero", good_request(), "eps must be > 0", eps=0),
    error("BAD_OPTION", "error-eps-negative", good_request(), "eps must be > 0", eps=-1),
]

LOSS = difference_loss(
    "charbonnier",
    "Lai et al., Deep Laplacian Pyramid Networks for Fast and Accurate Super-Resolution, 2017",
    formula,
    OWN,
    {"eps": 1e-3},
)
