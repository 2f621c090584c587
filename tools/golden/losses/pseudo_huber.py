"""Pseudo-Huber: δ²·(√(1 + (e/δ)²) − 1), as `scipy.special.pseudo_huber`."""

from mpmath import mp

from isoloss_oracle.cases import case, error
from isoloss_oracle.crosscheck import Known, array_check
from isoloss_oracle.numbers import mpf
from isoloss_oracle.regression import difference_loss, good_request, huge_cases, pair


def formula(x, y, o):
    delta = mpf(o.delta)
    return delta**2 * (mp.sqrt(1 + ((x - y) / delta) ** 2) - 1)


STEPS = pair([0.3, -0.2, 4, 0.75, -9], [0, 0.4, -1, 0, 2])
OWN = [
    *huge_cases(),
    case("scipy-none", pair([2], [0]), "fixture", "√5 − 1", reduction="none", near=1.2360680),
    *(case(f"delta-{d}-none", STEPS, "option", delta=d, reduction="none") for d in (0.1, 0.5, 2, 100)),
    *(case(f"delta-{d}-mean", STEPS, "option", delta=d, reduction="mean") for d in (0.1, 2)),
    case("small-none", pair([1e-4, 1e-10, -1e-20], [0, 0, 0]), "unstable", "e²/2", reduction="none"),
    case("near-delta-none", pair([1, 1.0001, 0.9999, -1], [0, 0, 0, 0]), "ordinary", reduction="none"),
    error("BAD_OPTION", "error-delta-zero", good_request(), "delta must be > 0", delta=0),
    error("BAD_OPTION", "error-delta-negative", good_request(), "delta must be > 0", delta=-1),
]

LOSS = difference_loss(
    "pseudoHuber",
    "Charbonnier et al., Deterministic Edge-Preserving Regularization in Computed Imaging, 1997",
    formula,
    OWN,
    {"delta": 1},
    [
        array_check(
            "scipy",
            "special.pseudo_huber",
            lambda m, t, o: m.special.pseudo_huber(o.delta, t["input"] - t["target"]),
            lambda case: case.options.get("reduction") == "none" and not {"weight", "mask"} & case.inputs.keys(),
            [Known("scipy cancels near 0 or overflows", ("scipy",), flags={"unstable", "infinity"})],
        )
    ],
)
