"""Ružička 1958: 1 − Σmin(p,t)/Σmax(p,t); or with the product as intersection (Jaccard 1901): 1 − I/(Σp + Σt − I)."""

from isoloss_oracle.batteries import REDUCTIONS
from isoloss_oracle.cases import case, error
from isoloss_oracle.conventions import maximum, minimum
from isoloss_oracle.crosscheck import array_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.regions import FIXTURE, GOOD, at_kinks, masks, region_axes, region_cases, regions, share
from isoloss_oracle.tensors import floats


def formula(p, t, o):
    if o.form == "minMax":
        overlap = sum((minimum([x, y]) for x, y in zip(p, t)), mpf(0))
        union = sum((maximum([x, y]) for x, y in zip(p, t)), mpf(0))
    else:
        overlap = sum((x * y for x, y in zip(p, t)), mpf(0))
        union = sum(p + t) - overlap
    return share(union - overlap, union + mpf(o.smooth))


def unreduced(inputs, o):
    shape = inputs["input"].shape
    return regions(inputs, o, lambda p, t, _: formula(p, t, o), region_axes(shape, None, o.per))


MISSION = {"input": floats([[1, 0, 1, 0]]), "target": floats([[1, 1, 1, 0]])}


def _own():
    product = {"form": "product", "reduction": "none"}
    yield case("mission-none", MISSION, "fixture tie", "2 shared of 3: 1/3", reduction="none", near=1 / 3)
    yield case("mission-product", MISSION, "fixture option", "the same for hard sets", near=1 / 3, **product)
    near = 1 - 1.4 / 2.4
    yield case("fixture-product", FIXTURE, "option", "1.4 of 2.4", near=near, **product)
    for name in REDUCTIONS:
        inputs = masks(f"product-{name}", (2, 2, 2))
        yield case(f"product-{name}", inputs, "option reduction", form="product", reduction=name)
    for activation in ("sigmoid", "softmax"):
        for scale in (5, 20, 90, 700, 10000):
            key = f"product-{activation}-{scale}"
            yield case(key, masks(key, (1, 3), scale), "extreme option", activation=activation, **product)
    for label, p, t in (("soft", [0.5, 0.25], [0.5, 0.5]), ("empty", [0, 0], [0, 0]), ("apart", [1, 0], [0, 1])):
        pair = {"input": floats([p]), "target": floats([t])}
        yield case(f"product-{label}", pair, "kink" if label == "empty" else "option", **product)
        yield case(f"min-max-{label}", pair, "kink tie", reduction="none")
    yield case("product-smooth", masks("ps", (2, 3)), "option", smooth=0.5, **product)
    yield case("product-batch", masks("pb", (2, 2, 2)), "option", per="batch", **product)
    yield case("rank-1-product", masks("r1", (3,)), "rank option", "each a sample", **product)
    yield error("BAD_OPTION", "error-form", GOOD, form="mean")
    line = {"input": floats([1, 2]), "target": floats([0, 1])}
    yield error("RANK_MISMATCH", "error-softmax-rank", line, "softmax needs a class axis", activation="softmax")
    yield error("RANK_MISMATCH", "error-scalar", {"input": floats(1), "target": floats(0)})


SATURATED = {
    f"{a}-{b}" for a in ("sigmoid", "softmax") for b in ("scale-20", "scale-90", "scale-700", "scale-10000", "right")
}
"""p rounds to its target: which of the two is less is not a subject."""


def _hard(case):
    numbers = set(case.inputs["input"].data) | set(case.inputs["target"].data)
    plain = case.options.get("per", "sample") == "sample" and not case.options.get("smooth")
    return (
        numbers <= {0, 1}
        and plain
        and case.options.get("reduction") == "none"
        and len(case.inputs["input"].shape) > 1
        and "empty" not in case.flags
    )


def _scipy(scipy, t, o):
    flat = [x.reshape(x.shape[0], -1).astype(bool) for x in (t["input"], t["target"])]
    return [scipy.spatial.distance.jaccard(a, b) for a, b in zip(*flat)]


LOSS = Loss(
    id="jaccard",
    paper="Ružička 1958 (minMax); Jaccard 1901 (product)",
    defaults={"form": "minMax", "activation": "none", "smooth": 0, "per": "sample"},
    unreduced=unreduced,
    cases=[*at_kinks(region_cases([(1 - 1.4 / 2.4, {})], class_axis=False), SATURATED, gradients=()), *_own()],
    checks=[array_check("scipy", "spatial.distance.jaccard", _scipy, _hard)],
)
