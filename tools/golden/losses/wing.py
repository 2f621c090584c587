"""Feng et al. 2018, eq. 5: w·ln(1 + |e|/ε) if |e| < w, else |e| − C with C = w − w·ln(1 + w/ε)."""

from isoloss_oracle.cases import case, error
from isoloss_oracle.conventions import absolute, less
from isoloss_oracle.numbers import log, mpf
from isoloss_oracle.regression import difference_loss, good_request, huge_cases, pair


def formula(x, y, o):
    width, curvature = mpf(o.width), mpf(o.curvature)
    e = absolute(x - y)
    if less(e, width):
        return width * log(1 + e / curvature)
    return e - (width - width * log(1 + width / curvature))


PAPER = {"width": 10, "curvature": 2}
STEPS = pair([0.3, -0.2, 4, 0.75, -9], [0, 0.4, -1, 0, 2])
OWN = [
    *huge_cases(),
    case("paper-none", pair([1, 20], [0, 0]), "fixture option", **PAPER, reduction="none", near=[4.054651, 27.917595]),
    case("paper-mean", STEPS, "option", **PAPER, reduction="mean"),
    case("edge-none", pair([5, -5, 4.75, 5.25], [0, 0, 0, 0]), "kink", "|e| is width: slope 1", reduction="none"),
    case("width-1-none", STEPS, "option", width=1, reduction="none"),
    case("curvature-2-none", STEPS, "option kink", curvature=2, reduction="none"),
    case("curvature-tenth-mean", STEPS, "option kink", curvature=0.1, reduction="mean"),
    case("flat-none", STEPS, "option", "nearly linear", width=0.5, curvature=10, reduction="none"),
    case("flat-far-none", pair([0.51, 0.5, 0.25], [0, 0, 0]), "option kink", width=0.5, curvature=10, reduction="none"),
    case("small-none", pair([1e-4, 1e-10, -1e-20], [0, 0, 0]), "unstable", reduction="none"),
    error("BAD_OPTION", "error-width-zero", good_request(), "width must be > 0", width=0),
    error("BAD_OPTION", "error-curvature-zero", good_request(), "curvature must be > 0", curvature=0),
]

LOSS = difference_loss(
    "wing",
    "Feng et al., Wing Loss for Robust Facial Landmark Localisation with Convolutional Neural Networks, 2018",
    formula,
    OWN,
    {"width": 5, "curvature": 0.5},
)
