"""Ridge: strength·Σw², without ½, as `keras.regularizers.L2`."""

from isoloss_oracle.cases import case
from isoloss_oracle.numbers import mpf
from isoloss_oracle.penalties import parameters, penalty, squares

LOSS = penalty(
    "l2Penalty",
    lambda w, o: mpf(o.strength) * squares(w),
    {"strength": 0.01},
    [case("keras-mean", parameters([1, -2, 3]), "fixture", reduction="mean", near=0.14)],
    "L2",
    lambda regularizers, o: regularizers.L2(o.strength),
)
