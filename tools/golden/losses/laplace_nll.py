"""Negative logarithm of the Laplace density: ln 2b + |x − y|/b, b = max(scale, eps)."""

from isoloss_oracle.blocks import elementwise
from isoloss_oracle.cases import case
from isoloss_oracle.conventions import absolute
from isoloss_oracle.crosscheck import elementwise_torch
from isoloss_oracle.densities import density_cases, floored
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import log
from isoloss_oracle.regression import pair
from isoloss_oracle.tensors import floats


def formula(x, y, scale, o):
    b = floored(scale, o.eps)
    return log(2 * b) + absolute(x - y) / b


UNIT = {**pair([1, 2], [0, 2]), "scale": floats([0.5, 1])}
OWN = [
    case("density-none", UNIT, "fixture kink", "ln 1 + 2 and ln 2", reduction="none", near=[2, 0.69314718]),
    case("density-mean", UNIT, "fixture kink", reduction="mean", near=1.3465736),
]


def _torch(F, x, y, b, o, reduction):
    """torch.distributions has the density, without a floor; its scale must be above 0."""
    from isoloss_oracle import libraries

    if bool((b < o.eps).any()) or bool(x.isnan().any() | y.isnan().any() | y.isinf().any()):
        return None
    laplace = libraries.load("torch").distributions.Laplace(y, b.expand(x.shape), validate_args=False)
    value = -laplace.log_prob(x)
    return {"none": lambda: value, "mean": value.mean, "sum": value.sum}[reduction]()


LOSS = Loss(
    id="laplaceNll",
    paper="Laplace, Mémoire sur la probabilité des causes par les évènements, 1774: the density",
    defaults={"eps": 1e-6},
    unreduced=lambda inputs, o: elementwise(inputs, lambda x, y, b: formula(x, y, b, o), ("input", "target", "scale")),
    cases=[*density_cases("scale"), *OWN],
    checks=[elementwise_torch("distributions.Laplace.log_prob", _torch, names=("input", "target", "scale"))],
)
