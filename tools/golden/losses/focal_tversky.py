"""Abraham and Khan, A Novel Focal Tversky Loss, 2019: (1 − TI)^(1/γ); there 0.7 weighs what is missed, γ = 4/3."""

import tversky

from isoloss_oracle.cases import case, error
from isoloss_oracle.conventions import decide
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import exp, log, mpf
from isoloss_oracle.regions import GOOD, at_kinks, masks, one_line, region_axes, region_cases, regions, value_only


def formula(p, t, o):
    base = tversky.formula(p, t, o)
    perfect = base == 0
    return mpf(0) if decide(bool(perfect), tie=perfect) else exp(log(base) / mpf(o.gamma))


def unreduced(inputs, o):
    kept = region_axes(inputs["input"].shape, o.classAxis, o.per)
    return regions(inputs, o, lambda p, t, _: formula(p, t, o), kept, o.classAxis)


def _own():
    for gamma in (1, 0.5, 2, 3):
        inputs = masks(f"gamma-{gamma}", (2, 2, 3))
        yield case(f"gamma-{gamma}-none", inputs, "option", gamma=gamma, reduction="none")
    near = one_line([1, 0.9990234375], [1, 1])
    yield case("near-perfect", near, "unstable", "a steep root", reduction="none")
    yield case("perfect-gamma-half", one_line([1, 0], [1, 0]), "kink option", gamma=0.5, reduction="none")
    hard = masks("gs", (1, 2, 3), 20)
    yield case("gamma-softmax", hard, "option extreme", gamma=2, activation="softmax", reduction="none")
    yield error("BAD_OPTION", "error-gamma", GOOD, gamma=0)


SINGLE = {"rank-1", "rank-2", "sigmoid-scale-90", "class-axis--1-softmax"}
"""Gradients that cancel: of single positions, and where two classes balance."""
PERFECT = {"perfect", "precision-none", "recall-none", "no-costs"}
FIXTURES = [(0.278349**0.75, {"alpha": 0.3, "beta": 0.7}), (0.247312**0.5, {"alpha": 0.7, "beta": 0.3, "gamma": 2})]

LOSS = Loss(
    id="focalTversky",
    paper="Abraham and Khan, A Novel Focal Tversky Loss Function with Improved Attention U-Net, 2019",
    defaults={"alpha": 0.3, "beta": 0.7, "gamma": 4 / 3, "activation": "none", "smooth": 0}
    | {"per": "sample", "classAxis": 1},
    unreduced=unreduced,
    cases=value_only(at_kinks([*region_cases(FIXTURES), *tversky.costs(), *_own()], PERFECT), SINGLE),
)
