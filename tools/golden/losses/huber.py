"""Huber 1964, eq. of ρ: e²/2 up to |e| = δ, then δ(|e| − δ/2)."""

from isoloss_oracle.blocks import elementwise
from isoloss_oracle.cases import case, error
from isoloss_oracle.conventions import absolute, at_most
from isoloss_oracle.crosscheck import Known
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.regression import TORCH_HUBER_WEIGHT, difference_checks, pair, regression_cases
from isoloss_oracle.tensors import floats


def formula(x, y, delta):
    e = absolute(x - y)
    return e**2 / 2 if at_most(e, delta) else delta * (e - delta / 2)


STEPS = pair([0.5, 1, 2, 3], [0, 0, 0, 0])
EDGE = pair([1, 3, -2, 2, 1.5], [0, 1, 0, 0, 0])

OWN = [
    case(
        "delta-2-none",
        STEPS,
        "option fixture kink",
        "one error at delta",
        delta=2,
        reduction="none",
        near=[0.125, 0.5, 2, 4],
    ),
    case("edge-none", EDGE, "kink", "errors of ±delta: slope delta", delta=2, reduction="none"),
    case("edge-mean", EDGE, "kink reduction", "errors of ±delta: slope delta", delta=2, reduction="mean"),
    case("delta-half-none", pair([0.3, -0.2, 4, 0.75, -9], [0, 0.4, -1, 0, 2]), "option", delta=0.5, reduction="none"),
    case(
        "delta-tenth-mean",
        pair([0.3, -0.25, 4, 0.7], [0, 0.4, -1, 0]),
        "option",
        "delta not dyadic",
        delta=0.1,
        reduction="mean",
    ),
    case(
        "delta-1e4-sum", pair([300, -20, 4e4, 0.75], [0, 0.5, -1e4, 0]), "option extreme", delta=10000, reduction="sum"
    ),
    case(
        "outlier-none",
        pair([1, 2, 3, 4], [1.25, 1.5, 2.75, 9]),
        "fixture",
        "an outlier of 9 costs linearly",
        reduction="none",
        near=[0.03125, 0.125, 0.03125, 4.5],
    ),
    case(
        "outlier-mean",
        pair([1, 2, 3, 4], [1.25, 1.5, 2.75, 9]),
        "fixture",
        "an outlier of 9 costs linearly",
        reduction="mean",
    ),
    case(
        "huge-error-none",
        pair([1e25, -1e25, 1e19], [0, 1, -1e19]),
        "extreme unstable",
        "linear, though e² overflows a float32",
        reduction="none",
    ),
    error("BAD_OPTION", "error-delta-zero", STEPS, "delta must be > 0", delta=0),
    error("BAD_OPTION", "error-delta-negative", STEPS, "delta must be > 0", delta=-1),
    error("BAD_OPTION", "error-delta-text", STEPS, "delta must be a number", delta="big"),
    case(
        "torch-huber-weighted-mean",
        {"input": floats([1, 2]), "target": floats([0, 0]), "weight": floats([2, 3])},
        "weight kink",
        "divides by the weights, as l1 and mse do: 1.1",
        reduction="mean",
        near=1.1,
    ),
]

WHERE = Known("keras's unselected e² branch turns the gradient at ∞ into 0·∞ = NaN", ("keras",), flags={"infinity"})

LOSS = Loss(
    id="huber",
    paper="Huber, Robust Estimation of a Location Parameter, 1964",
    defaults={"delta": 1},
    unreduced=lambda inputs, o: elementwise(inputs, lambda x, y: formula(x, y, mpf(o.delta)), mean_over="weights"),
    cases=regression_cases() + OWN,
    checks=difference_checks(
        torch=lambda F, x, y, o, **rest: F.huber_loss(x, y, delta=o.delta, **rest),
        function="nn.functional.huber_loss",
        optax=lambda optax, x, y, o: optax.huber_loss(x, y, delta=o.delta),
        optax_function="huber_loss",
        keras="huber",
        keras_options=lambda o: {"delta": o.delta},
        scipy=lambda special, x, y, o: special.huber(o.delta, x - y),
        scipy_function="huber",
        known=[TORCH_HUBER_WEIGHT, WHERE],
    ),
)
