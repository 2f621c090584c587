"""Nix & Weigend 1994 as `nn.functional.gaussian_nll_loss`: ½·(ln v + (x − y)²/v), v = max(variance, eps)."""

from mpmath import mp

from isoloss_oracle.blocks import elementwise
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.crosscheck import elementwise_torch
from isoloss_oracle.densities import density_cases, floored
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import log
from isoloss_oracle.regression import pair
from isoloss_oracle.tensors import floats


def formula(x, y, variance, o):
    v = floored(variance, o.eps)
    value = (log(v) + (x - y) ** 2 / v) / 2
    return value + log(2 * mp.pi) / 2 if o.full else value


FIXTURE = {**pair([1, 2], [0, 2]), "variance": floats([0.5, 2])}
ZERO = {**pair([1], [0]), "variance": floats([0])}


def _cases():
    yield from density_cases("variance")
    yield case("torch-none", FIXTURE, "fixture", reduction="none", near=[0.6534264, 0.3465736])
    yield case("torch-full-none", FIXTURE, "fixture option", full=True, reduction="none", near=[1.5723649, 1.2655121])
    yield case(
        "torch-variance-0-none",
        ZERO,
        "fixture",
        "the floor does not stop the gradient",
        reduction="none",
        near=499993.0922,
        near_gradient={"variance": [-4.9999950e11]},
    )
    for name in ("none", "mean", "sum", "partial"):
        d = Draw(f"full-{name}")
        three = {"input": d.normal((2, 3)), "target": d.normal((2, 3)), "variance": d.uniform((2, 3), 0.1, 2)}
        yield case(f"full-{name}", three, "option reduction", full=True, reduction=name)
    yield error("BAD_OPTION", "error-full-text", FIXTURE, full="yes")


def _torch(F, x, y, v, o, reduction):
    shaped = v.expand(x.shape) if v.dim() <= x.dim() else v
    return F.gaussian_nll_loss(x, y, shaped, full=o.full, eps=o.eps, reduction=reduction)


LOSS = Loss(
    id="gaussianNll",
    paper="Nix & Weigend, Estimating the Mean and Variance of the Target Probability Distribution, 1994",
    defaults={"full": False, "eps": 1e-6},
    unreduced=lambda inputs, o: elementwise(
        inputs, lambda x, y, v: formula(x, y, v, o), ("input", "target", "variance")
    ),
    cases=list(_cases()),
    checks=[elementwise_torch("nn.functional.gaussian_nll_loss", _torch, names=("input", "target", "variance"))],
)
