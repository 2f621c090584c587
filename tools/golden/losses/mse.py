"""Squared error, (x − y)²: `nn.functional.mse_loss`."""

from isoloss_oracle.blocks import elementwise
from isoloss_oracle.cases import case
from isoloss_oracle.loss import Loss
from isoloss_oracle.regression import difference_checks, regression_cases
from isoloss_oracle.tensors import floats


def formula(x, y):
    return (x - y) ** 2


OWN = [
    case(
        "torch-weighted-mean",
        {"input": floats([1, 2]), "target": floats([0, 0]), "weight": floats([2, 3])},
        "fixture weight",
        "divides by the weights: 14/5; keras gives 7",
        reduction="mean",
        near=2.8,
    ),
    case(
        "tiny-none",
        {"input": floats([1e-15, -2e-18, 3e-10]), "target": floats([0, 1e-18, 2e-10])},
        "unstable",
        "squares far below the unit roundoff",
        reduction="none",
    ),
]

LOSS = Loss(
    id="mse",
    paper="torch.nn.functional.mse_loss",
    unreduced=lambda inputs, o: elementwise(inputs, formula, mean_over="weights"),
    cases=regression_cases() + OWN,
    checks=difference_checks(
        torch=lambda F, x, y, o, **rest: F.mse_loss(x, y, **rest),
        function="nn.functional.mse_loss",
        keras="mean_squared_error",
        optax=lambda optax, x, y, o: optax.squared_error(x, y),
        optax_function="squared_error",
    ),
)
