"""Perceptron: max(0, −t·x), Rosenblatt 1958; the target is −1 or 1."""

from isoloss_oracle.blocks import elementwise
from isoloss_oracle.conventions import relu
from isoloss_oracle.loss import Loss
from isoloss_oracle.signs import DIFFERENTIABLE, margin_checks, sign_cases

LOSS = Loss(
    id="perceptron",
    paper="Rosenblatt, The Perceptron, 1958",
    unreduced=lambda inputs, o: elementwise(inputs, lambda x, t: relu(-t * x)),
    cases=list(sign_cases(weighted=True, kink=(0,))),
    differentiable=DIFFERENTIABLE,
    checks=margin_checks(optax="perceptron_loss"),
)
