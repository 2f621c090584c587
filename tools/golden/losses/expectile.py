"""Newey & Powell 1987, asymmetric least squares: |q − 1[d < 0]|·d² with d = y − x."""

from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import less
from isoloss_oracle.numbers import mpf
from isoloss_oracle.regression import difference_loss, good_request, pair


def formula(x, y, o):
    d, q = y - x, mpf(o.q)
    return (1 - q if less(d, 0) else q) * d**2


def _drawn(key):
    draw = Draw(key)
    return {"input": draw.normal((2, 3), 2), "target": draw.normal((2, 3), 2)}


EVEN = pair([1, 3, 2], [2, 1, 2])
OWN = [
    case("nine-tenths-none", EVEN, "option kink", "0.9, 0.4 and 0", q=0.9, reduction="none", near=[0.9, 0.4, 0]),
    case("half-none", EVEN, "kink", "half the squared error", reduction="none", near=[0.5, 2, 0]),
    *(case(f"q-{q}-mean", _drawn(f"q{q}"), "option", q=q, reduction="mean") for q in (0.01, 0.1, 0.25, 0.9, 0.99)),
    *(case(f"q-{q}-none", _drawn(f"n{q}"), "option", q=q, reduction="none") for q in (0.1, 0.75)),
    *(error("BAD_OPTION", f"error-q-{q}", good_request(), "q is in (0, 1)", q=q) for q in (0, 1, -0.5, 1.5)),
]

LOSS = difference_loss(
    "expectile", "Newey & Powell, Asymmetric Least Squares Estimation and Testing, 1987", formula, OWN, {"q": 0.5}
)
