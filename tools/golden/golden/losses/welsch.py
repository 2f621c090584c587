"""Welsch (Leclerc): 1 − exp(−e²/2), as Barron 2019 at α = −∞ and kornia."""

from ..conventions import decide
from ..numbers import exp, mpf
from ..regression import difference_loss
from ..robust import robust_cases


def formula(x, y, o):
    e = x - y
    if decide(bool(abs(e) > 1000)):  # the rest is far below the working precision
        return mpf(1)
    return 1 - exp(-(e**2) / 2)


LOSS = difference_loss(
    "welsch", "Dennis & Welsch, Techniques for nonlinear least squares, 1978", formula, robust_cases(0.3934693)
)
