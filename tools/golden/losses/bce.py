"""Binary cross-entropy of a probability: −(t·ln p + (1−t)·ln(1−p)), logs cut off at −100 as torch does.

The gradient is the row's convention: (p−t)/max(p(1−p), 1e-12) in p and ln(1−p) − ln p, both cut off, in t. It is the
derivative except next to 0 and 1, where the value is flat or the denominator held up.
"""

from isoloss_oracle import libraries
from isoloss_oracle.batteries import NAN, elementwise_battery
from isoloss_oracle.binary import pair
from isoloss_oracle.blocks import elementwise
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import decide
from isoloss_oracle.crosscheck import Known, array_check, elementwise_torch
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import log, mpf
from isoloss_oracle.tensors import floats

FLOOR = mpf(1e-12)


def clamped_log(p):
    """max(ln p, −100), constant below."""
    value = log(p)
    return mpf(-100) if decide(bool(value <= -100)) else value


def formula(p, t):
    return -(t * clamped_log(p) + (1 - t) * clamped_log(1 - p))


def slopes(p, t):
    variance = p * (1 - p)
    floored = decide(bool(variance < FLOOR), tie=variance == FLOOR)
    return [(p - t) / (FLOOR if floored else variance), clamped_log(1 - p) - clamped_log(p)]


def _draw(draw, shape):
    return {"input": draw.uniform(shape, 0.01, 0.99), "target": draw.uniform(shape)}


LAST = 0.99999994039535522461  # the float32 before 1
HARD_P = [1e-3, 1e-6, 1e-9, 1e-11, 1e-13, 1e-20, 1e-30, 0.999, 0.999999, LAST]
WRONG = pair(HARD_P, [1, 1, 1, 1, 1, 1, 1, 0, 0, 0])
RIGHT = pair(HARD_P, [0, 0, 0, 0, 0, 0, 0, 1, 1, 1])
SOFT = pair(HARD_P, [0.5, 0.25, 0.75, 0.5, 0.125, 0.5, 0.5, 0.25, 0.75, 0.5])
ENDS = pair([0, 1, 0, 1], [1, 0, 0, 1])

OWN = [
    case(
        "ends-none", ENDS, "saturated fixture", "p = 0 and 1: 100, 100, 0, 0", reduction="none", near=[100, 100, 0, 0]
    ),
    case("ends-mean", ENDS, "saturated", reduction="mean"),
    case("ends-soft-none", pair([0, 1, 0, 1], [0.5, 0.5, 0.25, 0.75]), "saturated", reduction="none"),
    case("ends-weighted-sum", {**ENDS, "weight": floats([1, 2, 0.5, 3])}, "saturated weight", reduction="sum"),
    case("smallest-normals-none", pair([2e-38, 1e-37, 3e-38], [1, 0.5, 0]), "saturated", reduction="none"),
    case("wrong-none", WRONG, "extreme unstable", "sure and wrong", reduction="none"),
    case("right-none", RIGHT, "extreme saturated unstable", "sure and right: a tiny loss", reduction="none"),
    case("soft-none", SOFT, "extreme", reduction="none"),
    case("wrong-mean", WRONG, "extreme reduction", reduction="mean"),
    case("right-sum", RIGHT, "extreme saturated reduction", reduction="sum"),
    case("half-none", pair([0.5, 0.5, 0.5], [0, 1, 0.5]), "ordinary", "ln 2", reduction="none"),
    case("equal-none", pair([0.25, 0.5, 0.75], [0.25, 0.5, 0.75]), "ordinary", "p = t: slope 0", reduction="none"),
    case(
        "hard-targets-none",
        {**_draw(Draw("hard"), (6,)), "target": floats([0, 1, 0, 1, 1, 0])},
        "ordinary",
        reduction="none",
    ),
    case(
        "variance-at-floor-none",
        pair([9e-13, 1.1e-12, 2e-12], [1, 1, 0]),
        "saturated",
        "p(1−p) beside 1e-12",
        reduction="none",
    ),
    case(
        "nan-weight-none",
        {**pair([0.25, 0.5], [1, 0]), "weight": floats([NAN, 2])},
        "nan weight",
        reduction="none",
        gradients=("input",),
    ),
    case(
        "weights-all-zero-mean",
        {**pair([0.25, 0.5], [1, 0]), "weight": floats([0, 0])},
        "weight",
        "divides by the count: 0",
        reduction="mean",
    ),
    error("VALUE_OUT_OF_DOMAIN", "error-input-above-1", pair([0.5, 1.5], [0, 1])),
    error("VALUE_OUT_OF_DOMAIN", "error-input-negative", pair([-0.25, 0.5], [0, 1])),
    error("VALUE_OUT_OF_DOMAIN", "error-input-nan", pair([NAN, 0.5], [0, 1])),
    error("VALUE_OUT_OF_DOMAIN", "error-target-above-1", pair([0.5, 0.5], [0, 2])),
    error("VALUE_OUT_OF_DOMAIN", "error-target-negative", pair([0.5, 0.5], [0, -1])),
    error("VALUE_OUT_OF_DOMAIN", "error-target-nan", pair([0.5, 0.5], [NAN, 1])),
]


def _plain(case):
    plain = not {"weight", "mask"} & case.inputs.keys() and case.options.get("reduction") == "mean"
    return plain and len(case.inputs["input"].shape) == 1 and set(case.inputs["target"].data) == {0.0, 1.0}


CLIP = Known(
    "scikit-learn clips probabilities at the float64 roundoff", ("scikit-learn",), flags={"saturated", "extreme"}
)


FLOOR32 = Known(
    "torch keeps the floor 1e-12 of p(1−p) as a float32, 4e-9 smaller", ("torch",), flags={"saturated", "extreme"}
)
UNCLAMPED = Known(
    "at p = 0 and 1 torch's gradient in the target is the infinite log, ours the log cut off at −100; and "
    + FLOOR32.cause,
    ("torch",),
    lambda case: bool({0.0, 1.0} & set(case.inputs["input"].data)),
)

LOSS = Loss(
    id="bce",
    paper="torch.nn.functional.binary_cross_entropy",
    unreduced=lambda inputs, o: elementwise(inputs, formula, slopes=slopes),
    states_slopes=True,
    cases=list(elementwise_battery(_draw)) + OWN,
    checks=[
        elementwise_torch(
            "nn.functional.binary_cross_entropy",
            lambda F, p, t, o, **rest: F.binary_cross_entropy(p, t, **rest),
            [UNCLAMPED, FLOOR32],
            constant=("weight",),
        ),
        array_check(
            "scikit-learn",
            "metrics.log_loss",
            lambda m, t, o: libraries.load("sklearn.metrics").log_loss(t["target"], t["input"]),
            _plain,
            [CLIP],
        ),
    ],
)
