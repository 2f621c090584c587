"""Salehi et al., Tversky loss function, 2017: 1 − I/(I + α·FP + β·FN), FP = Σp(1−t), FN = Σ(1−p)t."""

from isoloss_oracle.cases import case, error
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.regions import GOOD, keras_check, masks, optax_check, region_axes, region_cases, regions, share


def formula(p, t, o):
    hit = sum((x * y for x, y in zip(p, t)), mpf(0))
    false_positive = sum((x * (1 - y) for x, y in zip(p, t)), mpf(0))
    false_negative = sum(((1 - x) * y for x, y in zip(p, t)), mpf(0))
    missed = mpf(o.alpha) * false_positive + mpf(o.beta) * false_negative
    return share(missed, hit + missed + mpf(o.smooth))


def unreduced(inputs, o):
    kept = region_axes(inputs["input"].shape, o.classAxis, o.per)
    return regions(inputs, o, lambda p, t, _: formula(p, t, o), kept, o.classAxis)


FIXTURES = [(0.278349, {"alpha": 0.3, "beta": 0.7}), (0.247312, {"alpha": 0.7, "beta": 0.3}), (0.2631579, {})]


def costs():
    """Cases of alpha and beta, and what must be refused."""
    for name, alpha, beta in (("jaccard", 1, 1), ("precision", 1, 0), ("recall", 0, 1), ("odd", 0.3, 0.9)):
        yield case(f"{name}-none", masks(name, (2, 2, 3)), "option", alpha=alpha, beta=beta, reduction="none")
    hard = masks("costs", (1, 2, 3), 20)
    yield case("costs-softmax", hard, "option", alpha=0.3, beta=0.7, activation="softmax", reduction="none")
    yield case("costs-mean", masks("costs-mean", (2, 2, 2)), "option", alpha=2, beta=0.5)
    yield case("no-costs", GOOD, "option", "no cost, no loss", alpha=0, beta=0, reduction="none")
    yield error("BAD_OPTION", "error-alpha", GOOD, alpha=-0.5)
    yield error("BAD_OPTION", "error-beta", GOOD, beta="half")


LOSS = Loss(
    id="tversky",
    paper="Salehi et al., Tversky loss function for image segmentation using 3D networks, 2017",
    defaults={"alpha": 0.5, "beta": 0.5, "activation": "none", "smooth": 0, "per": "sample", "classAxis": 1},
    unreduced=unreduced,
    cases=list(region_cases(FIXTURES)) + list(costs()),
    checks=[
        # keras's alpha multiplies the false negatives
        keras_check("tversky", lambda o: {"alpha": o.beta, "beta": o.alpha}),
        optax_check(lambda o: o.smooth, lambda o: {"alpha": o.alpha, "beta": o.beta}),
    ],
)
