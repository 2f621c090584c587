"""Sudre et al., Generalised Dice overlap, 2017: 1 − 2·Σ_c w_c·I_c/Σ_c w_c·(Σp_c + Σt_c), w_c = 1/(Σt_c)².

As MONAI's GeneralizedDiceLoss: a class without a target weighs as much as the rarest present one; w is 1/Σt_c for
"simple" and 1 for "uniform". The weights are constants in the gradient.
"""

from isoloss_oracle.cases import case, error
from isoloss_oracle.conventions import constant, decide
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.regions import GOOD, at_kinks, masks, region_axes, region_cases, regions, share
from isoloss_oracle.tensors import floats

POWERS = {"square": 2, "simple": 1, "uniform": 0}


def weights_of(volumes, power):
    if power == 0:
        return {c: mpf(1) for c in volumes}
    present = {c: v**-power for c, v in volumes.items() if decide(bool(v != 0))}
    return {c: constant(present.get(c, max(present.values(), default=mpf(0)))) for c in volumes}


def formula(p, t, classes, o):
    volumes = {c: sum(y for y, k in zip(t, classes) if k == c) for c in sorted(set(classes))}
    w = weights_of(volumes, POWERS[o.weighting])
    size = sum((w[c] * (x + y) for x, y, c in zip(p, t, classes)), mpf(0))
    overlap = sum((2 * w[c] * x * y for x, y, c in zip(p, t, classes)), mpf(0))
    return share(size - overlap, size + mpf(o.smooth))


def unreduced(inputs, o):
    shape = inputs["input"].shape
    axis = 0 if len(shape) == 1 else o.classAxis % len(shape)
    kept = [a for a in region_axes(shape, o.classAxis, "sample") if a != axis]
    return regions(inputs, o, lambda p, t, classes: formula(p, t, classes, o), kept, o.classAxis)


def _own():
    unequal = {
        "input": floats([[[0.75, 0.5, 0.25], [0.125, 0.5, 0.5], [0.25, 0, 0.25]]]),
        "target": floats([[[1, 1, 0], [0, 0, 1], [0, 0, 0]]]),
    }
    for weighting in POWERS:
        option = {"weighting": weighting, "reduction": "none"}
        yield case(f"{weighting}-unequal", unequal, "option", "one class is absent", **option)
        yield case(f"{weighting}-none", masks(weighting, (2, 3, 2)), "option", **option)
        absent = {"input": unequal["input"], "target": floats([0] * 9, (1, 3, 3))}
        yield case(f"{weighting}-all-absent", absent, "option kink", "nothing in the target", **option)
        yield case(f"{weighting}-smooth", unequal, "option", smooth=0.5, **option)
        yield case(
            f"{weighting}-softmax", masks(f"{weighting}s", (1, 2, 2), 20), "option", activation="softmax", **option
        )
    rare = {"input": floats([[[0.5, 0.25], [0.5, 0.125]]]), "target": floats([[[1, 1], [1e-6, 0]]])}
    yield case("rare", rare, "unstable", "a class of almost no size takes all the weight", reduction="none")
    yield error("BAD_OPTION", "error-weighting", GOOD, weighting="cube")


LOSS = Loss(
    id="generalizedDice",
    paper="Sudre et al., Generalised Dice overlap as a deep learning loss function, 2017",
    defaults={"activation": "none", "weighting": "square", "smooth": 0, "classAxis": 1},
    unreduced=unreduced,
    cases=at_kinks([*region_cases([(0.2631551, {})], per=False), *_own()], {"rank-4", "target-empty"}),
)
