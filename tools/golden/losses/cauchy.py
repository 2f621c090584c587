"""Cauchy (Lorentzian): ln(1 + e²/2), as Barron 2019 at α = 0 and kornia."""

from isoloss_oracle.numbers import log
from isoloss_oracle.regression import difference_loss
from isoloss_oracle.robust import robust_cases


def formula(x, y, o):
    return log(1 + (x - y) ** 2 / 2)


LOSS = difference_loss(
    "cauchy", "Barron, A General and Adaptive Robust Loss Function, 2019", formula, robust_cases(0.4054651)
)
