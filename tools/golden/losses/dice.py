"""Milletari et al., V-Net, 2016: 1 − 2Σpt/(Σp + Σt), or with Σp² + Σt² below (`squared`); smooth as in MONAI."""

from isoloss_oracle.cases import case, error
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.regions import (
    FIXTURE,
    GOOD,
    keras_check,
    masks,
    one_line,
    optax_check,
    region_axes,
    region_cases,
    regions,
    share,
)


def formula(p, t, o):
    size = sum(x * x for x in p + t) if o.squared else sum(p + t)
    overlap = 2 * sum(x * y for x, y in zip(p, t))
    return share(size - overlap, size + mpf(o.smooth))


def unreduced(inputs, o):
    kept = region_axes(inputs["input"].shape, o.classAxis, o.per)
    return regions(inputs, o, lambda p, t, _: formula(p, t, o), kept, o.classAxis)


OWN = [
    case("squared-fixture", FIXTURE, "fixture option", "MONAI", squared=True, reduction="none", near=0.0967742),
    case("squared-none", masks("squared", (2, 2, 3)), "option", squared=True, reduction="none"),
    case("squared-smooth-mean", masks("squared", (2, 2, 3)), "option", squared=True, smooth=1),
    case("squared-soft-match", one_line([0.5, 0.25], [0.5, 0.25]), "option", "0", squared=True, reduction="none"),
    case("squared-softmax", masks("ss", (1, 2, 3), 20), "option", squared=True, activation="softmax", reduction="none"),
    error("BAD_OPTION", "error-squared", GOOD, squared=2),
]
PLAIN = lambda case: not case.options.get("squared")  # noqa: E731

LOSS = Loss(
    id="dice",
    paper="Milletari et al., V-Net, 2016",
    defaults={"activation": "none", "smooth": 0, "squared": False, "per": "sample", "classAxis": 1},
    unreduced=unreduced,
    cases=list(region_cases([(0.2631579, {})])) + OWN,
    checks=[
        keras_check("dice", applies=PLAIN),
        # (I + s)/(I + FP/2 + FN/2 + s) is (2I + 2s)/(Σp + Σt + 2s)
        optax_check(lambda o: o.smooth / 2, lambda o: {}, PLAIN),
    ],
)
