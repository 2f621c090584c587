"""Absolute error, |x − y|: `nn.functional.l1_loss`."""

from isoloss_oracle.blocks import elementwise
from isoloss_oracle.conventions import absolute
from isoloss_oracle.loss import Loss
from isoloss_oracle.regression import JAX_ABS, difference_checks, regression_cases


def formula(x, y):
    return absolute(x - y)


LOSS = Loss(
    id="l1",
    paper="torch.nn.functional.l1_loss",
    unreduced=lambda inputs, o: elementwise(inputs, formula, mean_over="weights"),
    cases=regression_cases(),
    checks=difference_checks(
        torch=lambda F, x, y, o, **rest: F.l1_loss(x, y, **rest),
        function="nn.functional.l1_loss",
        keras="mean_absolute_error",
        known=[JAX_ABS],
    ),
)
