"""Squared hinge: max(0, 1 − t·x)²; the target is −1 or 1."""

from isoloss_oracle.blocks import elementwise
from isoloss_oracle.conventions import relu
from isoloss_oracle.loss import Loss
from isoloss_oracle.signs import DIFFERENTIABLE, margin_checks, sign_cases

LOSS = Loss(
    id="squaredHinge",
    paper="keras.losses.SquaredHinge; Crammer and Singer, 2001",
    unreduced=lambda inputs, o: elementwise(inputs, lambda x, t: relu(1 - t * x) ** 2),
    cases=list(sign_cases(weighted=True, kink=(1,))),
    differentiable=DIFFERENTIABLE,
    checks=margin_checks(keras="squared_hinge"),
)
