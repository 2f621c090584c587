"""Girshick, Fast R-CNN, 2015, eq. 3, with torch's β: e²/2β below β, then |e| − β/2; β = 0 is |e|."""

from isoloss_oracle.blocks import elementwise
from isoloss_oracle.cases import case, error
from isoloss_oracle.conventions import absolute, less
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.regression import difference_checks, pair, regression_cases


def formula(x, y, beta):
    e = absolute(x - y)
    return e**2 / (2 * beta) if less(e, beta) else e - beta / 2


STEPS = pair([0.5, 1, 2, 3], [0, 0, 0, 0])
EDGE = pair([1, 3, -2, 2, 1.5], [0, 1, 0, 0, 0])
MIXED = pair([0.3, -0.2, 4, 0.75, -9], [0, 0.4, -1, 0, 2])

OWN = [
    case(
        "steps-none",
        pair([0.5, 1, 2], [0, 0, 0]),
        "fixture kink",
        "one error at beta",
        reduction="none",
        near=[0.125, 0.5, 1.5],
    ),
    case(
        "beta-2-none",
        STEPS,
        "option fixture kink",
        "one error at beta",
        beta=2,
        reduction="none",
        near=[0.0625, 0.25, 1, 2],
    ),
    case("edge-none", EDGE, "kink", "errors of ±beta: slope 1", beta=2, reduction="none"),
    case("edge-mean", EDGE, "kink reduction", "errors of ±beta: slope 1", beta=2, reduction="mean"),
    case("beta-half-none", MIXED, "option", beta=0.5, reduction="none"),
    case(
        "beta-tenth-mean",
        pair([0.3, -0.25, 4, 0.7], [0, 0.4, -1, 0]),
        "option",
        "beta not dyadic",
        beta=0.1,
        reduction="mean",
    ),
    case("beta-0-none", MIXED, "option", "beta 0 is l1", beta=0, reduction="none"),
    case(
        "beta-0-kink-none",
        pair([1, 0.5, -2], [1, 0, -2]),
        "option kink",
        "beta 0 is l1: slope 0 at 0",
        beta=0,
        reduction="none",
    ),
    case("beta-1e-6-none", MIXED, "option", beta=1e-6, reduction="none"),
    case("beta-1e4-sum", pair([300, -20, 4e4, 0.75], [0, 0.5, -1e4, 0]), "option extreme", beta=10000, reduction="sum"),
    case(
        "huge-error-none",
        pair([1e25, -1e25, 1e19], [0, 1, -1e19]),
        "extreme unstable",
        "linear, though e² overflows a float32",
        reduction="none",
    ),
    error("BAD_OPTION", "error-beta-negative", STEPS, "beta must be >= 0", beta=-1),
    error("BAD_OPTION", "error-beta-text", STEPS, "beta must be a number", beta="big"),
]

LOSS = Loss(
    id="smoothL1",
    paper="Girshick, Fast R-CNN, 2015, eq. 3",
    defaults={"beta": 1},
    unreduced=lambda inputs, o: elementwise(inputs, lambda x, y: formula(x, y, mpf(o.beta)), mean_over="weights"),
    cases=regression_cases() + OWN,
    checks=difference_checks(
        torch=lambda F, x, y, o, weight=None, **rest: (
            None if weight is not None else F.smooth_l1_loss(x, y, beta=o.beta, **rest)
        ),
        function="nn.functional.smooth_l1_loss",
    ),
)
