"""Lin et al., Focal Loss, 2017, eq. 5: −α_t·(1−p_t)^γ·ln p_t with p = σ(x), as torchvision's sigmoid_focal_loss.

For a target t between 0 and 1, as torchvision: p_t = p·t + (1−p)(1−t), α_t = α·t + (1−α)(1−t), and ln p_t becomes the
binary cross-entropy. With `normalizer` the mean is sum/normalizer: mmdetection's avg_factor.
"""

from dataclasses import replace

from isoloss_oracle import libraries
from isoloss_oracle.batteries import INF
from isoloss_oracle.binary import EASY, HARD, logit_cases, pair, sigmoid, softplus
from isoloss_oracle.blocks import elementwise
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import decide, weigh
from isoloss_oracle.crosscheck import Known, elementwise_torch, jax_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import exp, log, mpf
from isoloss_oracle.tensors import bools, floats


def formula(x, t, alpha, gamma):
    cross_entropy = weigh(t, softplus(-x)) + weigh(1 - t, softplus(x))
    # 1 − p_t = t·σ(−x) + (1−t)·σ(x)
    missing = t * sigmoid(-x) + (1 - t) * sigmoid(x)
    alpha_t = 1 if alpha is None else alpha * t + (1 - alpha) * (1 - t)
    return alpha_t * weigh(power(missing, gamma), cross_entropy)


def power(p, gamma):
    """p^γ as exp(γ·ln p); γ = 0 gives 1 for every p."""
    if gamma == 0:
        return mpf(1)
    return mpf(0) if decide(bool(p == 0)) else exp(gamma * log(p))


def unreduced(inputs, o):
    alpha = None if o.alpha is None else mpf(o.alpha)
    whole = elementwise(inputs, lambda x, t: formula(x, t, alpha, mpf(o.gamma)))
    return replace(whole, divisor=("normalizer", 0)) if "normalizer" in inputs else whole


def _draw(draw, shape):
    return {"input": draw.normal(shape, 2), "target": draw.bits(shape)}


FIXTURE = pair([2, -1], [1, 0])
PLAIN = {**_draw(Draw("plain"), (2, 3))}
NORMALIZED = {**PLAIN, "normalizer": floats(2.5)}
MASKED = {**NORMALIZED, "weight": floats([[1], [3]]), "mask": bools([1, 0, 1])}
POINTS = pair([5, -5, 20, -20, 60, -60], [0, 1, 1, 0, 0, 1])

OWN = [
    case("fixture-mean", FIXTURE, "fixture", "torchvision, kornia, mmdetection", near=0.0087222),
    case("fixture-no-alpha-mean", FIXTURE, "fixture option", "optax, keras, MONAI", alpha=None, near=0.0122308),
    case("normalizer-mean", NORMALIZED, "reduction", "sum/normalizer", reduction="mean"),
    case("normalizer-partial", NORMALIZED, "reduction", "(sum, normalizer)", reduction="partial"),
    case("normalizer-none", NORMALIZED, "reduction", "not used", reduction="none"),
    case("normalizer-sum", NORMALIZED, "reduction", "not used", reduction="sum"),
    case("normalizer-weight-mask-mean", MASKED, "reduction mask weight", "the mask doesn't change the divisor"),
    case("alpha-0-none", PLAIN, "option", alpha=0, reduction="none"),
    case("alpha-1-none", PLAIN, "option", alpha=1, reduction="none"),
    case("alpha-half-mean", PLAIN, "option", alpha=0.5, reduction="mean"),
    case("gamma-0-none", PLAIN, "option", "binary cross-entropy, weighted", gamma=0, reduction="none"),
    case("gamma-0-no-alpha-none", PLAIN, "option", "binary cross-entropy", gamma=0, alpha=None, reduction="none"),
    case("gamma-half-none", PLAIN, "option", gamma=0.5, reduction="none"),
    case("gamma-1-none", PLAIN, "option", gamma=1, reduction="none"),
    case("gamma-3.7-none", PLAIN, "option", gamma=3.7, reduction="none"),
    case("gamma-5-extreme-none", POINTS, "option extreme", gamma=5, reduction="none"),
    case(
        "gamma-half-right-input-none",
        EASY,
        "option extreme saturated unstable",
        "a power below 1 of a vanishing 1−p; its slope by the target is infinite there",
        gamma=0.5,
        reduction="none",
        gradients=("input",),
    ),
    case("no-alpha-wrong-none", HARD, "extreme option", alpha=None, reduction="none"),
    case("gamma-0-wrong-none", HARD, "extreme option", gamma=0, reduction="none"),
    case("soft-targets-none", {**PLAIN, "target": Draw("soft").uniform((2, 3))}, "ordinary", reduction="none"),
    case("soft-targets-mean", {**PLAIN, "target": Draw("soft").uniform((2, 3))}, "ordinary", alpha=None, gamma=1.5),
    case(
        "infinite-right-none", pair([INF, -INF, 1], [1, 0, 1]), "infinity", "0", reduction="none", gradients=("input",)
    ),
    case(
        "infinite-wrong-none",
        pair([INF, -INF, 1], [0, 1, 0]),
        "infinity",
        "∞ with slope ±α_t",
        reduction="none",
        gradients=("input",),
    ),
    error("BAD_OPTION", "error-alpha-2", FIXTURE, "alpha must be in [0, 1] or null", alpha=2),
    error("BAD_OPTION", "error-alpha-negative", FIXTURE, "−1 is torchvision's null, not ours", alpha=-1),
    error("BAD_OPTION", "error-gamma-negative", FIXTURE, "gamma must be >= 0", gamma=-1),
    error(
        "RANK_MISMATCH", "error-normalizer-rank", {**FIXTURE, "normalizer": floats([1, 2])}, "normalizer is a scalar"
    ),
]


def _torchvision(F, x, t, o, weight=None, reduction="mean"):
    loss = libraries.load("torchvision").ops.sigmoid_focal_loss(x, t, -1 if o.alpha is None else o.alpha, o.gamma)
    loss = loss if weight is None else loss * weight
    return {"none": lambda v: v, "mean": lambda v: v.mean(), "sum": lambda v: v.sum()}[reduction](loss)


def _plain(case):
    return not {"weight", "mask", "normalizer"} & case.inputs.keys() and case.options.get("reduction") == "none"


VANISHING = Known(
    "torchvision's 1 − p_t cancels to 0, and for γ < 1 the derivative of its power is then ∞·0",
    ("torchvision",),
    keys=("gamma-half-right-input-none",),
)
INFINITE = Known("0·∞ gives NaN where the limit exists", ("torchvision", "optax"), flags={"infinity"})
ZERO_COEFFICIENT = Known(
    "jax's logsumexp has no derivative in a coefficient b of 0: optax loses part of the target's gradient at 0 and 1",
    ("optax",),
    lambda case: bool({0.0, 1.0} & set(case.inputs["target"].data)),
)

LOSS = Loss(
    id="sigmoidFocal",
    paper="Lin et al., Focal Loss for Dense Object Detection, 2017, eq. 5",
    defaults={"alpha": 0.25, "gamma": 2},
    unreduced=unreduced,
    cases=logit_cases(_draw) + OWN,
    checks=[
        elementwise_torch(
            "ops.sigmoid_focal_loss",
            lambda F, x, t, normalizer, o, **rest: None if normalizer is not None else _torchvision(F, x, t, o, **rest),
            [VANISHING, INFINITE],
            names=("input", "target", "normalizer"),
            library="torchvision",
        ),
        jax_check(
            "optax",
            "sigmoid_focal_loss",
            lambda m, jnp, t, o: m.sigmoid_focal_loss(t["input"], t["target"], alpha=o.alpha, gamma=o.gamma),
            _plain,
            [INFINITE, ZERO_COEFFICIENT],
        ),
    ],
)
