"""Share of differing elements along the last axis (Hamming 1950); `soft` is the mean absolute difference."""

from dataclasses import replace

from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import absolute, decide
from isoloss_oracle.distances import GOOD, row_cases, row_pairs, rows, scipy_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf


def formula(x, y, o):
    if o.soft:
        return sum(absolute(a - b) for a, b in zip(x, y)) / len(x)
    if o.threshold is None:
        return mpf(sum(decide(bool(a != b)) for a, b in zip(x, y))) / len(x)
    limit = mpf(o.threshold)
    return mpf(sum(decide((a > limit) != (b > limit)) for a, b in zip(x, y))) / len(x)


CODES = rows([[0, 1, 1, 0], [1, 1, 1, 1]], [[0, 1, 0, 1], [0, 0, 0, 0]])
EDGE = rows([[0.5, 0.25, 0.75, -1]], [[0.75, 0.5, 1, 2]])


def _hard():
    yield from row_cases(zero="ordinary")
    for name in ("none", "mean", "sum", "partial"):
        yield case(f"codes-{name}", CODES, "ordinary", "binary codes: 1/2 and 1", reduction=name)
        draw = Draw(f"threshold-{name}")
        far = {"input": draw.uniform((2, 4)), "target": draw.uniform((2, 4))}
        yield case(f"threshold-{name}", far, "option", threshold=0.5, reduction=name)
    yield case("threshold-edge-none", EDGE, "option", "> and not >=", threshold=0.5, reduction="none")
    yield case("threshold-negative-none", EDGE, "option", threshold=-2, reduction="none")
    yield error("BAD_OPTION", "error-threshold-text", GOOD, threshold="half")
    yield error("BAD_OPTION", "error-soft-number", GOOD, soft=1)


def _soft():
    part = rows([[1, 2, 3], [0, -1, 4]], [[1, 4, 3], [0, 1, 4]])
    for name in ("none", "mean", "sum", "partial"):
        draw = Draw(f"soft-{name}")
        near = {"input": draw.uniform((2, 4)), "target": draw.bits((2, 4))}
        yield case(f"soft-{name}", near, "option reduction", soft=True, reduction=name)
    yield case("soft-codes-none", CODES, "option kink", "of codes: as the hard one", soft=True, reduction="none")
    yield case("soft-equal-components-none", part, "option kink", "|0| has slope 0", soft=True, reduction="none")
    for scale in (5, 700, 1e4):
        draw = Draw(f"soft-{scale}")
        far = {"input": draw.normal((2, 3), scale), "target": draw.normal((2, 3), scale)}
        yield case(f"soft-scale-{scale:.0f}", far, "option extreme", soft=True, reduction="none")
    yield case(
        "soft-threshold-none", EDGE, "option", "no threshold is applied", soft=True, threshold=0.5, reduction="none"
    )


LOSS = Loss(
    id="hamming",
    paper="Hamming, Error detecting and error correcting codes, 1950; scipy.spatial.distance.hamming",
    defaults={"threshold": None, "soft": False},
    unreduced=lambda inputs, o: row_pairs(inputs, lambda x, y: formula(x, y, o)),
    cases=[one if one.error else replace(one, gradients=()) for one in _hard()] + list(_soft()),
    checks=[
        scipy_check(
            "hamming",
            lambda f, u, v, t, o: (
                abs(u - v).mean() if o.soft else f(u, v) if o.threshold is None else f(u > o.threshold, v > o.threshold)
            ),
        )
    ],
)
