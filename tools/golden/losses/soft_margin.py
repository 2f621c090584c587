"""Logistic loss of a sign: ln(1 + e^(−t·x)), as `nn.functional.soft_margin_loss`."""

from isoloss_oracle.binary import softplus
from isoloss_oracle.blocks import elementwise
from isoloss_oracle.cases import case
from isoloss_oracle.crosscheck import Known, elementwise_torch
from isoloss_oracle.loss import Loss
from isoloss_oracle.signs import pair, sign_cases

OWN = [
    case("fixture-hundred", pair([-100], [1]), "fixture unstable", "torch gives ∞ in float32", near=100),
    case("target-zero", pair([3, -2], [0, 0]), "fixture", "not checked: ln 2", reduction="none", near=[0.6931472] * 2),
]

OVERFLOW = Known("torch's exp(−t·x) overflows", ("torch",), flags=frozenset({"extreme", "infinity"}))

LOSS = Loss(
    id="softMargin",
    paper="torch.nn.functional.soft_margin_loss",
    unreduced=lambda inputs, o: elementwise(inputs, lambda x, t: softplus(-t * x)),
    cases=[*sign_cases(weighted=False, smooth=True), *OWN],
    differentiable=("input",),
    checks=[
        elementwise_torch(
            "nn.functional.soft_margin_loss", lambda F, x, t, o, **rest: F.soft_margin_loss(x, t, **rest), [OVERFLOW]
        )
    ],
)
