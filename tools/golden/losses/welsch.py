"""Welsch (Leclerc): 1 − exp(−e²/2), as Barron 2019 at α = −∞ and kornia."""

from isoloss_oracle.conventions import decide
from isoloss_oracle.numbers import exp, mpf
from isoloss_oracle.regression import difference_loss
from isoloss_oracle.robust import robust_cases


def formula(x, y, o):
    e = x - y
    if decide(bool(abs(e) > 1000)):  # the rest is far below the working precision
        return mpf(1)
    return 1 - exp(-(e**2) / 2)


LOSS = difference_loss(
    "welsch", "Dennis & Welsch, Techniques for nonlinear least squares, 1978", formula, robust_cases(0.3934693)
)
