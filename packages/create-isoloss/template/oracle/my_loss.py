"""Huber 1964 of what |x − y| exceeds a tolerance by (Vapnik 1995's insensitive zone).

The formula again, as the papers write it, on numbers of 600 digits: no care for overflow or rounding, and no look at the
TypeScript. What depends on a choice (which piece, which sign) goes through isoloss_oracle.conventions.
"""

from isoloss_oracle.cases import case, error
from isoloss_oracle.conventions import absolute, at_most, relu
from isoloss_oracle.numbers import mpf
from isoloss_oracle.regression import difference_loss, huge_cases, pair, regression_cases


def formula(x, y, o):
    delta = mpf(o.delta)
    r = relu(absolute(x - y) - mpf(o.tolerance))
    return r**2 / 2 if at_most(r, delta) else delta * (r - delta / 2)


STEPS = pair([0.25, 1, 2.5, 4], [0, 0, 0, 0])

# A case has a key for ever, inputs, flags that say what it is about, and options of the loss. `near` is a number that
# somebody has published, or that you worked out by hand.
OWN = [
    case("steps-none", STEPS, "fixture kink", tolerance=0.5, delta=2, reduction="none", near=[0, 0.125, 2, 5]),
    case("steps-sum", STEPS, "fixture kink", tolerance=0.5, delta=2, reduction="sum", near=7.125),
    case("no-tolerance-none", STEPS, "option kink", "Huber's own", tolerance=0, reduction="none"),
    case("tolerance-edge-none", pair([0.5, -0.5, 1], [0, 0, 0.5]), "kink", tolerance=0.5, reduction="none"),
    case("delta-edge-none", pair([1.5, -1.5, 2], [0, 0, 0.5]), "kink", tolerance=0.5, reduction="none"),
    case("wide-mean", pair([3, -2, 40, 0.25], [0, 0.5, -1, 0]), "option", tolerance=5, delta=0.1, reduction="mean"),
    *huge_cases(),
    error("BAD_OPTION", "error-tolerance-negative", STEPS, "tolerance must be >= 0", tolerance=-0.5),
    error("BAD_OPTION", "error-tolerance-text", STEPS, "tolerance must be a number", tolerance="wide"),
    error("BAD_OPTION", "error-delta-zero", STEPS, "delta must be > 0", delta=0),
]

# regression_cases(): reductions, ranks, weights, masks, empties, scales up to 1e4, infinities, NaN and bad requests.
LOSS = difference_loss(
    "myLoss",
    "Huber 1964, Robust Estimation of a Location Parameter; Vapnik 1995, The Nature of Statistical Learning Theory",
    formula,
    own=OWN,
    defaults={"tolerance": 0.1, "delta": 1},
    cases=regression_cases(),
)
