"""Koenker & Bassett 1978, the check function: max(q·d, (q − 1)·d) with d = y − x; slope 0 at d = 0."""

from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import relu
from isoloss_oracle.numbers import mpf
from isoloss_oracle.regression import difference_loss, good_request, huge_cases, pair, sklearn_check


def formula(x, y, o):
    q = mpf(o.q)
    return q * relu(y - x) + (1 - q) * relu(x - y)


def _drawn(key):
    draw = Draw(key)
    return {"input": draw.normal((2, 3), 2), "target": draw.normal((2, 3), 2)}


EVEN = pair([1, 3, 2], [2, 1, 2])
OWN = [
    *huge_cases(),
    case("nine-tenths-none", EVEN, "option kink", "0.9, 0.2 and 0", q=0.9, reduction="none", near=[0.9, 0.2, 0]),
    case("half-none", EVEN, "kink", "half the absolute error", reduction="none", near=[0.5, 1, 0]),
    *(case(f"q-{q}-mean", _drawn(f"q{q}"), "option", q=q, reduction="mean") for q in (0.01, 0.1, 0.25, 0.9, 0.99)),
    *(case(f"q-{q}-none", _drawn(f"n{q}"), "option", q=q, reduction="none") for q in (0.1, 0.75)),
    *(error("BAD_OPTION", f"error-q-{q}", good_request(), "q is in (0, 1)", q=q) for q in (0, 1, -0.5, 1.5)),
]

LOSS = difference_loss(
    "quantile",
    "Koenker & Bassett, Regression Quantiles, 1978",
    formula,
    OWN,
    {"q": 0.5},
    [sklearn_check("mean_pinball_loss", lambda f, y, x, weights, o: f(y, x, sample_weight=weights, alpha=float(o.q)))],
)
