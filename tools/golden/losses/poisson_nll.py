"""Poisson negative log-likelihood as `nn.functional.poisson_nll_loss`: eˣ − t·x, or x − t·ln(x + eps) for rates.

`full` adds Stirling's t·ln t − t + ½·ln 2πt where t > 1.
"""

from mpmath import mp

from isoloss_oracle.batteries import INF, NAN, elementwise_battery
from isoloss_oracle.blocks import elementwise
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import decide
from isoloss_oracle.crosscheck import Known, elementwise_torch
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import exp, log, mpf
from isoloss_oracle.regression import keras_check, pair


def formula(x, t, o):
    value = exp(x) - t * x if o.logInput else x - t * log(x + mpf(o.eps))
    if o.full and decide(bool(t > 1), tie=t == 1):
        value += t * log(t) - t + log(2 * mp.pi * t) / 2
    return value


def _draw(draw, shape):
    return {"input": draw.normal(shape, 1.5), "target": draw.uniform(shape, 0, 6)}


def _rates(key, shape=(2, 3), scale=6):
    draw = Draw(key)
    return {"input": draw.uniform(shape, 0.05, scale), "target": draw.uniform(shape, 0, scale)}


SAME = pair([0, 1, 2], [0, 1, 5])
RATES = {"logInput": False}


def _cases():
    yield from elementwise_battery(_draw, weighted=False, masked=True)
    stirling = pair([0, 1, 2, 3], [0, 1, 5, 1.0001])
    full = [1, 1.7182817, 2.1599035, 17.004227]
    yield case(
        "full-fixture",
        stirling,
        "fixture option kink",
        "t = 1 adds 0",
        full=True,
        reduction="none",
        near=full,
        gradients=("input",),
    )
    yield case("default-fixture", SAME, "fixture", reduction="none", near=[1, 1.7182818, -2.6109438])
    yield case(
        "rates-fixture",
        SAME,
        "fixture option",
        **RATES,
        reduction="none",
        near=[0, 1, -1.4657359],
        gradients=("input",),
    )
    zero = pair([0, 0, 0.5], [1, 0, 0])
    yield case("rate-0-none", zero, "option fixture", "only eps", **RATES, reduction="none", near=[18.420681, 0, 0.5])
    yield case(
        "rate-0-keras",
        zero,
        "option fixture",
        "only eps",
        **RATES,
        eps=1e-7,
        reduction="none",
        near=[16.118095, 0, 0.5],
    )
    for name in ("none", "mean", "sum", "partial"):
        yield case(f"rates-{name}", _rates(f"r-{name}"), "option reduction", **RATES, reduction=name)
        yield case(f"full-{name}", _draw(Draw(f"f-{name}"), (2, 3)), "option reduction", full=True, reduction=name)
    yield case("full-rates-none", _rates("fr"), "option", full=True, **RATES, reduction="none")
    yield case("full-rates-mean", _rates("frm"), "option", full=True, **RATES, reduction="mean")
    yield case("eps-tenth-none", _rates("eps"), "option", eps=0.1, **RATES, reduction="none")
    yield case("eps-eighth-full", _rates("eps8"), "option", eps=0.125, full=True, **RATES, reduction="none")
    for scale in (5, 20, 80):
        draw = Draw(f"scale-{scale}")
        far = {"input": draw.uniform((5,), -scale, scale), "target": draw.uniform((5,), 0, scale)}
        yield case(f"scale-{scale}-none", far, "extreme", reduction="none")
        yield case(f"scale-{scale}-full", far, "extreme option", full=True, reduction="none")
    for scale in (90, 700, 10000):
        far = _rates(f"rates-{scale}", (5,), scale)
        yield case(f"rates-{scale}-none", far, "extreme option", **RATES, reduction="none")
        yield case(f"rates-{scale}-full", far, "extreme option", full=True, **RATES, reduction="none")
    low = pair([-90, -700, -1e4, 88], [3, 0.5, 2, 1e4])
    yield case("low-rates-none", low, "extreme", "eˣ underflows", reduction="none")
    yield case("low-rates-full", low, "extreme option", "eˣ underflows", full=True, reduction="none")
    met = pair([9.2103404998779297, 2.302585, 0.75], [10000, 10, 2.1170001])
    yield case("rate-met-full", met, "unstable option", "eˣ is nearly t", full=True, reduction="none")
    met = pair([10000, 10.000001, 2.125, 50], [10000, 10, 2.1170001, 49])
    yield case("rate-met-rates-full", met, "unstable option", "x is nearly t", full=True, **RATES, reduction="none")
    yield case("rate-met-rates", met, "unstable option", **RATES, reduction="none")
    negative = pair([-1, 0.5], [2, 1])
    yield case("rate-negative-none", negative, "nan option", "ln of < 0", **RATES, reduction="none", gradients=())
    yield case("target-negative-none", pair([0.5, -1], [-1, -2.5]), "ordinary", "not checked", reduction="none")
    yield case("target-negative-full", pair([0.5, -1], [-1, -2.5]), "option", full=True, reduction="none")
    over = pair([-INF, INF, 1], [0.5, 2, 1])
    yield case("infinite-none", over, "infinity", reduction="none", gradients=())
    yield case("nan-input-none", pair([NAN, 1], [1, 2]), "nan", reduction="none", gradients=())
    yield case("nan-target-mean", pair([1, 1], [NAN, 2]), "nan", reduction="mean", gradients=())
    good = _draw(Draw("good"), (2, 3))
    yield error("BAD_OPTION", "error-eps-zero", good, "eps must be > 0", eps=0)
    yield error("BAD_OPTION", "error-eps-negative", good, "eps must be > 0", eps=-1e-8)
    yield error("BAD_OPTION", "error-full-text", good, full="yes")
    yield error("BAD_OPTION", "error-log-input-number", good, logInput=1)


def _torch(F, x, t, o, **rest):
    return F.poisson_nll_loss(x, t, log_input=o.logInput, full=o.full, eps=o.eps, **rest)


STIRLING = Known(
    "torch's masked Stirling term gives NaN in the target's gradient at t <= 0, where ours is 0",
    ("torch",),
    lambda case: case.options.get("full", False) and min(case.inputs["target"].data, default=1) <= 0,
)
INFINITE = Known("∞ − ∞ in torch", ("torch",), flags={"infinity"})

LOSS = Loss(
    id="poissonNll",
    paper="torch.nn.functional.poisson_nll_loss",
    defaults={"logInput": True, "full": False, "eps": 1e-8},
    unreduced=lambda inputs, o: elementwise(inputs, lambda x, t: formula(x, t, o)),
    cases=list(_cases()),
    checks=[
        elementwise_torch("nn.functional.poisson_nll_loss", _torch, [STIRLING, INFINITE]),
        keras_check(
            "poisson",
            applies=lambda case: case.options.get("eps") == 1e-7 and case.options.get("logInput") is False,
        ),
    ],
)
