"""Zou & Hastie 2005, by keras's convention: strength·(l1Ratio·Σ|w| + (1 − l1Ratio)·Σw²)."""

from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.numbers import mpf
from isoloss_oracle.penalties import GOOD, parameters, penalty, sizes, squares


def formula(w, o):
    ratio = mpf(o.l1Ratio)
    return mpf(o.strength) * (ratio * sizes(w) + (1 - ratio) * squares(w))


def _drawn(key):
    return {"parameters": Draw(key).normal((5,))}


OWN = [
    case("keras-mean", parameters([1, -2, 3]), "fixture", "0.01·(3 + 7)", reduction="mean", near=0.1),
    case("l1-only-mean", _drawn("l1"), "option", "as l1Penalty", l1Ratio=1, reduction="mean"),
    case("l2-only-mean", _drawn("l2"), "option", "as l2Penalty", l1Ratio=0, reduction="mean"),
    case("quarter-mean", _drawn("quarter"), "option", l1Ratio=0.25, reduction="mean"),
    case("tenth-strength-1-sum", _drawn("tenth"), "option", l1Ratio=0.1, strength=1, reduction="sum"),
    error("BAD_OPTION", "error-ratio-above-1", GOOD, "l1Ratio is in [0, 1]", l1Ratio=1.5),
    error("BAD_OPTION", "error-ratio-negative", GOOD, "l1Ratio is in [0, 1]", l1Ratio=-0.1),
]

LOSS = penalty(
    "elasticNet",
    formula,
    {"strength": 0.01, "l1Ratio": 0.5},
    OWN,
    "L1L2",
    lambda regularizers, o: regularizers.L1L2(o.strength * o.l1Ratio, o.strength * (1 - o.l1Ratio)),
)
