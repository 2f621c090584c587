"""Lasso: strength·Σ|w|, as `keras.regularizers.L1`."""

from isoloss_oracle.cases import case
from isoloss_oracle.numbers import mpf
from isoloss_oracle.penalties import parameters, penalty, sizes

LOSS = penalty(
    "l1Penalty",
    lambda w, o: mpf(o.strength) * sizes(w),
    {"strength": 0.01},
    [case("keras-mean", parameters([1, -2, 3]), "fixture", reduction="mean", near=0.06)],
    "L1",
    lambda regularizers, o: regularizers.L1(o.strength),
)
