"""Symmetric relative error: 2·|x − y|/max(|x| + |y|, eps), as torchmetrics's."""

from isoloss_oracle.cases import case, error
from isoloss_oracle.conventions import absolute, decide, maximum
from isoloss_oracle.numbers import is_finite, mpf
from isoloss_oracle.regression import (
    difference_loss,
    good_request,
    kinks_at_zero,
    pair,
    regression_cases,
    torchmetrics_check,
)


def formula(x, y, o):
    if decide(not (is_finite(x) and is_finite(y)) and x == x and y == y and x != y):
        return mpf(2)  # the limit
    return 2 * absolute(x - y) / maximum([absolute(x) + absolute(y), mpf(o.eps)])


APART = pair([1, 1e-6, 1000, -5, 3e-5, -1e4], [1e-6, 1, 0.03125, -5e-7, 1e4, -2e-3])
OWN = [
    case("half-none", pair([3, -1], [1, -3]), "fixture", "2·2/4", reduction="none", near=[1, 1]),
    case("opposite-none", pair([3, -1e-3], [-1, 5]), "saturated", "opposite signs: 2", reduction="none", near=[2, 2]),
    case("one-zero-none", pair([0, 2], [3, 0]), "kink", "|0| has slope 0", reduction="none", near=[2, 2]),
    case("apart-none", APART, "unstable saturated", "nearly 2", reduction="none"),
    case("apart-mean", APART, "unstable saturated", "nearly 2", reduction="mean"),
    case("quarter-edge-none", pair([1, 3, -7, -1], [3, 1, -1, -7]), "ordinary", reduction="none"),
    case("below-eps-none", pair([1e-8, -3e-7], [2e-8, 2e-7]), "extreme", "eps decides", reduction="none"),
    case("eps-1-none", pair([0.25, 3], [-0.125, 2]), "option", eps=1, reduction="none"),
    case("eps-edge-none", pair([0.25, -0.75], [0.75, -0.25]), "option tie", "shared", eps=1, reduction="none"),
    error("BAD_OPTION", "error-eps-zero", good_request(), "eps must be > 0", eps=0),
]

LOSS = difference_loss(
    "smape",
    "torchmetrics.functional.symmetric_mean_absolute_percentage_error",
    formula,
    OWN,
    {"eps": 1.17e-6},
    [
        torchmetrics_check(
            "symmetric_mean_absolute_percentage_error",
            lambda f, x, y, o: f(x, y),
            applies=lambda c: "eps" not in c.options,
        )
    ],
    kinks_at_zero(regression_cases(slopes_at_infinity=False)),
)
