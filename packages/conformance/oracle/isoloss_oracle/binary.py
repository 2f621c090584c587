"""What the losses of a logit and a binary target share: their cases and softplus."""

from mpmath import mp

from .batteries import elementwise_battery
from .cases import Draw, case
from .conventions import decide
from .numbers import INF, exp, log
from .tensors import floats

NAN = float("nan")


def pair(x, t):
    return {"input": floats(x), "target": floats(t)}


HARD = pair([5, -5, 20, -20, 90, -90, 88.5, 700, -700, 1e4, -1e4], [0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 1])
EASY = pair([5, -5, 20, -20, 90, -90, 88.5, 700, -700, 1e4, -1e4], [1, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0])
SOFT = pair([5, -5, 20, -20, 90, -90, 700, -700, 1e4], [0.5, 0.25, 0.75, 0.5, 0.5, 0.125, 0.5, 0.25, 0.5])


def softplus(x):
    """ln(1 + eˣ)."""
    if decide(x == INF):
        return x
    if decide(bool(x > 4000)):  # the rest is far below the working precision
        return x
    return log(1 + exp(x)) if x > -2000 else mp.log1p(exp(x))


def sigmoid(x):
    """1/(1 + e⁻ˣ)."""
    return 1 / (1 + exp(-x))


def logit_cases(draw_pair):
    """The elementwise battery and the logits at which formulas break."""
    cases = list(elementwise_battery(draw_pair))
    for scale in (5, 20, 90, 700, 10000):
        draw = Draw(f"logits-{scale}")
        hard = {"input": draw.normal((6,), scale), "target": draw.bits((6,))}
        cases.append(case(f"scale-{scale}-none", hard, "extreme", "hard targets", reduction="none"))
    hidden = pair([NAN, 1], [1, 0.25])
    cases += [
        case("wrong-none", HARD, "extreme unstable", "sure and wrong", reduction="none"),
        case("right-none", EASY, "extreme saturated unstable", "sure and right: a tiny loss", reduction="none"),
        case("soft-none", SOFT, "extreme", "sure against soft targets", reduction="none"),
        case("wrong-mean", HARD, "extreme reduction", "sure and wrong", reduction="mean"),
        case("zero-logits-none", pair([0, 0, 0], [0, 1, 0.5]), "ordinary", "ln 2", reduction="none"),
        case("tiny-logits-none", pair([1e-6, -1e-7, 1e-20], [0, 1, 0.5]), "unstable", reduction="none"),
        case(
            "thresholds-none",
            pair([16, -16, 17, -17, 36, -36, 37, -37, 104], [1, 0, 0, 1, 1, 0, 0, 1, 1]),
            "unstable saturated",
            reduction="none",
        ),
        case("nan-input-none", hidden, "nan", reduction="none", gradients=("input",)),
        case("nan-target-none", pair([2, 1], [NAN, 0.25]), "nan", reduction="none", gradients=("input",)),
        case("nan-mean", hidden, "nan", reduction="mean", gradients=("input",)),
        case(
            "nan-weight-zero-none",
            {**hidden, "weight": floats([0, 2])},
            "nan weight",
            "weight 0 doesn't hide a NaN",
            reduction="none",
            gradients=("input",),
        ),
        case(
            "weights-all-zero-mean",
            {**pair([2, 1], [1, 0.25]), "weight": floats([0, 0])},
            "weight",
            "divides by the count: 0",
            reduction="mean",
        ),
    ]
    return cases
