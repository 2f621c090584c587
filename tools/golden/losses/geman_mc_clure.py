"""Geman & McClure 1985, scaled as Barron 2019 at α = −2 and kornia: 2e²/(e² + 4)."""

from isoloss_oracle.regression import difference_loss
from isoloss_oracle.robust import robust_cases


def formula(x, y, o):
    return 2 - 8 / ((x - y) ** 2 + 4)


LOSS = difference_loss("gemanMcClure", "Geman & McClure, Bayesian Image Analysis, 1985", formula, robust_cases(0.4))
