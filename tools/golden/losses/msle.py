"""Squared difference of ln(1 + max(·, eps)), as keras's MeanSquaredLogarithmicError."""

from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import maximum
from isoloss_oracle.numbers import log, mpf
from isoloss_oracle.regression import (
    difference_loss,
    good_request,
    keras_check,
    pair,
    regression_cases,
    sklearn_check,
    torchmetrics_check,
)


def formula(x, y, o):
    eps = mpf(o.eps)
    return (log(1 + maximum([x, eps])) - log(1 + maximum([y, eps]))) ** 2


def _big():
    for scale in (90, 700, 10000):
        draw = Draw(f"amounts-{scale}")
        far = {"input": draw.uniform((4,), 0, scale), "target": draw.uniform((4,), 0, scale)}
        yield case(f"amounts-{scale}-none", far, "extreme", reduction="none")
        yield case(f"amounts-{scale}-mean", far, "extreme", reduction="mean")


OWN = [
    *_big(),
    case("negative-none", pair([1, 1], [-3, 3]), "fixture", "floored", reduction="none", near=[0.480453, 0.480453]),
    case("both-negative-none", pair([-1, -2], [-3, -5]), "saturated", "both floored: 0", reduction="none"),
    case("amounts-near-none", pair([10000.001, 1e6, 3e-6], [10000, 1000000.1, 2e-6]), "unstable", reduction="none"),
    case("apart-none", pair([1e6, 1e-6, 0.5], [1e-6, 1e6, 1e20]), "extreme", reduction="none"),
    case("eps-0-none", pair([0.5, 2, -1], [1, 0.25, 3]), "option", eps=0, reduction="none"),
    case("eps-1-none", pair([0.5, 2, 4], [3, 0.25, 2]), "option", eps=1, reduction="none"),
    case("eps-edge-none", pair([1, 2], [3, 1]), "option tie", "at eps: shared", eps=1, reduction="none"),
    error("BAD_OPTION", "error-eps-negative", good_request(), "eps must be >= 0", eps=-1),
]


def _positive(case):
    values = case.inputs["input"].data + case.inputs["target"].data
    return "eps" not in case.options and min(values, default=1) >= 1e-7


LOSS = difference_loss(
    "msle",
    "keras.losses.MeanSquaredLogarithmicError",
    formula,
    OWN,
    {"eps": 1e-7},
    [
        keras_check(
            "mean_squared_logarithmic_error", applies=lambda c: "eps" not in c.options and "nan" not in c.flags
        ),
        sklearn_check(
            "mean_squared_log_error", lambda f, y, x, weights, o: f(y, x, sample_weight=weights), applies=_positive
        ),
        torchmetrics_check("mean_squared_log_error", lambda f, x, y, o: f(x, y), applies=_positive),
    ],
    regression_cases(slopes_at_infinity=False),
)
