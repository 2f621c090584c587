"""Unit deviance of the Tweedie distribution of power p (Jørgensen 1987), of the mean x and the target y.

2·(max(y,0)^(2−p)/((1−p)(2−p)) − y·x^(1−p)/(1−p) + x^(2−p)/(2−p)), with its limits at p = 0, 1 and 2.
"""

from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import decide, xlogy
from isoloss_oracle.numbers import log, mpf
from isoloss_oracle.regression import (
    difference_loss,
    good_request,
    pair,
    positive,
    positive_cases,
    sklearn_check,
    torchmetrics_check,
)


def formula(x, y, o):
    p = mpf(o.power)
    if p == 0:
        return (y - x) ** 2
    if p == 1:
        return 2 * (xlogy(y, y / x) - y + x)
    if p == 2:
        return 2 * (log(x / y) + y / x - 1)
    top = y ** (2 - p) if decide(bool(y > 0), tie=y == 0) else mpf(0)
    return 2 * (top / ((1 - p) * (2 - p)) - y * x ** (1 - p) / (1 - p) + x ** (2 - p) / (2 - p))


POWERS = (1, 1.25, 1.5, 1.75, 2, 2.5, 3, -1, -0.5)
NEAR = pair([1.0000001, 1000.00006, 3.5, 250.25], [1, 1000, 3.5000002, 250])
APART = pair([1e-3, 100, 4, 1, 2, 3], [4, 0.01, 1000, 0.5, 1, 4.5])
SOME = (1, 1.5)


def _powers():
    for p in POWERS:
        yield case(f"power-{p}-none", positive(Draw(f"p{p}"), (2, 3)), "option", power=p, reduction="none")
        yield case(f"power-{p}-mean", positive(Draw(f"m{p}"), (2, 3)), "option", power=p, reduction="mean")
        yield case(f"power-{p}-near", NEAR, "option unstable", "target nearly met", power=p, reduction="none")
        yield case(f"power-{p}-apart", APART, "option extreme", power=p, reduction="none")
        met = pair([0.5, 1, 3], [0.5, 1, 3])
        yield case(f"power-{p}-equal", met, "option kink", "target met: 0", power=p, reduction="none")
    for p in (1, 1.5, 1.75, 3):
        draw = Draw(f"big-{p}")
        far = {"input": draw.uniform((4,), 0.1, 1e4), "target": draw.uniform((4,), 0.1, 1e4)}
        yield case(f"power-{p}-scale-1e4", far, "option extreme", power=p, reduction="none")
    weighted = {**positive(Draw("weighted"), (2, 3)), "weight": Draw("w").uniform((3,), 0.5, 2)}
    for p in (1, 1.5, 2, 3):
        yield case(f"power-{p}-weight", weighted, "option weight", power=p, reduction="mean")
    nothing = pair([0.5, 2], [0, 3])
    for p in SOME:
        yield case(
            f"power-{p}-target-0",
            nothing,
            "option saturated kink",
            "claims of 0",
            power=p,
            reduction="none",
            gradients=("input",),
        )
    for p in (-1, -0.5):
        negative = pair([0.5, 2, 3], [-1, -0.25, 1])
        yield case(f"power-{p}-negative-target", negative, "option", power=p, reduction="none")
    below = pair([-0.5, 2], [1, -3])
    yield case("power-0-negative", below, "ordinary", "any real number", reduction="none")
    yield case("power-1-negative-input", pair([-0.5, 2], [1, 3]), "option nan", power=1, reduction="none", gradients=())


OWN = [
    *_powers(),
    case(
        "sklearn-poisson-mean", pair([1, 2], [1, 5]), "fixture option kink", power=1, reduction="mean", near=1.5814537
    ),
    case("sklearn-gamma-mean", pair([1, 2], [1, 5]), "fixture option kink", power=2, reduction="mean", near=0.5837093),
    *(error("BAD_OPTION", f"error-power-{p}", good_request(), "no such distribution", power=p) for p in (0.5, 0.25)),
]

LOSS = difference_loss(
    "tweedieDeviance",
    "Jørgensen, Exponential Dispersion Models, 1987; sklearn.metrics.mean_tweedie_deviance",
    formula,
    OWN,
    {"power": 0},
    [
        sklearn_check(
            "mean_tweedie_deviance",
            lambda f, y, x, weights, o: f(y, x, sample_weight=weights, power=o.power),
        ),
        torchmetrics_check("tweedie_deviance_score", lambda f, x, y, o: f(x, y, power=o.power)),
    ],
    positive_cases(),
)
