"""Absolute error in per cent of the target: 100·|x − y|/max(|y|, eps), as keras's MeanAbsolutePercentageError."""

from isoloss_oracle.cases import case, error
from isoloss_oracle.conventions import absolute, maximum
from isoloss_oracle.crosscheck import Known
from isoloss_oracle.numbers import mpf
from isoloss_oracle.regression import (
    JAX_ABS,
    difference_loss,
    good_request,
    keras_check,
    kinks_at_zero,
    pair,
    regression_cases,
    sklearn_check,
    torchmetrics_check,
)


def formula(x, y, o):
    return 100 * absolute(x - y) / maximum([absolute(y), mpf(o.eps)])


OWN = [
    case("target-0-none", pair([1, 0.5], [0, 0]), "fixture kink", "only eps", reduction="none", near=[1e9, 5e8]),
    case("ten-per-cent-none", pair([110, 90, -11], [100, 100, -10]), "fixture", reduction="none", near=[10, 10, 10]),
    case("eps-1-none", pair([0.5, 3, -0.25], [0.25, 2, -0.5]), "option", eps=1, reduction="none"),
    case("eps-edge-none", pair([2, -3], [1, -1]), "option tie", "|target| is eps: shared", eps=1, reduction="none"),
    case("eps-tenth-mean", pair([0.5, 3, -0.25], [0.25, 0.05, -0.5]), "option", eps=0.1, reduction="mean"),
    error("BAD_OPTION", "error-eps-zero", good_request(), "eps must be > 0", eps=0),
    error("BAD_OPTION", "error-eps-negative", good_request(), "eps must be > 0", eps=-1),
]


def no_floor(case):
    """Libraries differ in eps and in the factor 100: only without either is it one loss."""
    return "eps" not in case.options and 0.0 not in case.inputs["target"].data


KERAS = Known("keras computes eps in float32", ("keras",), lambda case: 0.0 in case.inputs["target"].data)

LOSS = difference_loss(
    "mape",
    "keras.losses.MeanAbsolutePercentageError",
    formula,
    OWN,
    {"eps": 1e-7},
    [
        keras_check("mean_absolute_percentage_error", [JAX_ABS, KERAS], lambda case: "eps" not in case.options),
        sklearn_check(
            "mean_absolute_percentage_error",
            lambda f, y, x, weights, o: 100 * f(y, x, sample_weight=weights),
            applies=no_floor,
        ),
        torchmetrics_check("mean_absolute_percentage_error", lambda f, x, y, o: 100 * f(x, y), applies=no_floor),
    ],
    kinks_at_zero(regression_cases(slopes_at_infinity=False)),
)
