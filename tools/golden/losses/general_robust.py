"""Barron 2019, eq. 1: (|α−2|/α)·(((e/c)²/|α−2| + 1)^(α/2) − 1), with its limits at α = 2, 0 and −∞ (eq. 8)."""

from isoloss_oracle.cases import case, error
from isoloss_oracle.conventions import decide
from isoloss_oracle.numbers import INF, exp, log, mpf
from isoloss_oracle.regression import difference_loss, good_request, huge_cases, pair
from isoloss_oracle.robust import AROUND, SMALL, robust_cases


def formula(x, y, o):
    z = ((x - y) / mpf(o.scale)) ** 2
    alpha = mpf(o.alpha)
    if alpha == 2:
        return z / 2
    if alpha == 0:
        return log(z / 2 + 1)
    if alpha == -INF:
        return mpf(1) if decide(bool(z > 10**6)) else 1 - exp(-z / 2)
    b = abs(alpha - 2)
    return b / alpha * ((z / b + 1) ** (alpha / 2) - 1)


STEPS = pair([0.3, -0.2, 4, 0.75, -9], [0, 0.4, -1, 0, 2])
FAR = pair([90, -700, 1e4, 0], [0, 0, 0, 1e4])


def _alphas():
    for alpha in (2, 1.5, 0.5, 0.1, 0, -0.5, -1, -2, -4, -10, "-Infinity", 3, 4):
        yield case(f"alpha-{alpha}-none", STEPS, "option", alpha=alpha, reduction="none")
        yield case(f"alpha-{alpha}-small", SMALL, "option unstable", alpha=alpha, reduction="none")
        yield case(f"alpha-{alpha}-far", FAR, "option extreme", alpha=alpha, reduction="none")
    for alpha in (1.5, 0.5, -1, -4, 3):
        yield case(f"alpha-{alpha}-around", AROUND, "option", alpha=alpha, reduction="none")
    for alpha in (1.5, 0, -2, "-Infinity"):
        yield case(f"alpha-{alpha}-mean", STEPS, "option", alpha=alpha, scale=2, reduction="mean")
    for scale in (0.1, 0.5, 3, 100):
        yield case(f"scale-{scale}-steps", STEPS, "option", scale=scale, reduction="none")
    infinite = pair([float("inf"), 1], [0, float("-inf")])
    for alpha in (1.5, 0, -1, -2, "-Infinity", 2):
        slopes = {"gradients": ()} if alpha == 1.5 else {}  # between 1 and 2 its limit is out of the oracle's reach
        yield case(f"alpha-{alpha}-infinite", infinite, "option infinity", alpha=alpha, reduction="none", **slopes)
    for one in huge_cases(alpha=-1):
        yield case(f"alpha--1-{one.key}", one.inputs, "option extreme unstable", **one.options)


OWN = [
    *robust_cases(0.41421356),
    *_alphas(),
    error("BAD_OPTION", "error-scale-zero", good_request(), "scale must be > 0", scale=0),
    error("BAD_OPTION", "error-scale-negative", good_request(), "scale must be > 0", scale=-1),
    error("BAD_OPTION", "error-alpha-infinity", good_request(), "alpha is finite or −∞", alpha="Infinity"),
    error("BAD_OPTION", "error-alpha-text", good_request(), alpha="one"),
]

LOSS = difference_loss(
    "generalRobust",
    "Barron, A General and Adaptive Robust Loss Function, 2019",
    formula,
    OWN,
    {"alpha": 1, "scale": 1},
)
