"""ln cosh(x − y)."""

from isoloss_oracle.cases import case
from isoloss_oracle.crosscheck import Known
from isoloss_oracle.numbers import exp, log
from isoloss_oracle.regression import difference_loss, huge_cases, keras_check, optax_check, pair, regression_cases


def formula(x, y, o):
    e = x - y
    return log((exp(e) + exp(-e)) / 2)


SMALL = pair([1e-4, -1e-4, 1e-8, 3e-3], [0, 0, 0, 0])
OWN = [
    case("small-none", SMALL, "unstable fixture", "e²/2", reduction="none", near=[5e-9, 5e-9, 5e-17, 4.4999932e-6]),
    case(
        "e-100-none", pair([100, -100], [0, 0]), "extreme", "|e| − ln 2", reduction="none", near=[99.306853, 99.306853]
    ),
]
CANCELS = Known("e + softplus(−2e) − ln 2 cancels near 0", ("keras", "optax"), flags={"unstable"})
NAN = Known("∞ − ∞ inside, or an unselected branch's 0·∞", ("keras", "optax"), flags={"infinity"})

LOSS = difference_loss(
    "logCosh",
    "keras.losses.LogCosh; optax.log_cosh",
    formula,
    OWN + huge_cases(),
    checks=[keras_check("log_cosh", [CANCELS, NAN]), optax_check("log_cosh", [CANCELS, NAN])],
    cases=regression_cases(),
)
