"""Focal loss of a softmax: −α·w_y·(1−p_y)^γ·ln p_y; with probabilities as target the terms' sum weighted by them.

The mean divides by the number of rows that count, whatever the weights are.
"""

from isoloss_oracle.batteries import INF, REDUCTIONS
from isoloss_oracle.cases import case, error
from isoloss_oracle.classes import infinite_scores, label_blocks, label_cases, only, others, soft_blocks, surprise
from isoloss_oracle.conventions import decide
from isoloss_oracle.crosscheck import Known, jax_check, torch_check
from isoloss_oracle.labelled import index, one_hot, soft
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import exp, log, mpf
from isoloss_oracle.softmax import class_axis_second
from isoloss_oracle.tensors import floats, ints


def term(x, y, o):
    """−α·(1−p_y)^γ·ln p_y."""
    alpha, gamma = mpf(1 if o.alpha is None else o.alpha), mpf(o.gamma)
    if gamma == 0:
        return alpha * surprise(x, y)
    rest = others(x, y)
    if decide(bool(rest == 0 or rest != rest)):
        return rest
    return alpha * exp(gamma * log(rest)) * surprise(x, y)


def hard(x, y, w, o):
    return (1 if w is None else w[y]) * term(x, y, o)


def spread(x, t, w, o):
    terms = 0
    for c, share in enumerate(t):
        if not decide(bool(share == 0 and x[c] == -INF)):
            terms += (1 if w is None else w[c]) * share * term(x, c, o)
    return terms


def unreduced(inputs, o):
    if inputs["target"].is_float:
        return soft_blocks(inputs, o, lambda x, t, w: spread(x, t, w, o), ("weight",))
    return label_blocks(inputs, o, lambda x, y, w: hard(x, y, w, o), ("weight",))


L3 = [[1, 2, 3], [0.5, -1, 0.2]]
INDEX = {"input": floats(L3), "target": ints([2, 0])}
PROBS = {"input": floats(L3), "target": floats([[0.1, 0.2, 0.7], [0.3, 0.3, 0.4]])}
W3 = floats([1, 2, 3])
SURE = {"input": floats([[17, 0, 0], [37, 0, -1], [104, 0, 0]]), "target": ints([0, 0, 0])}


def _cases():
    yield from label_cases(ignores=True)
    yield from infinite_scores()
    yield case("golden-mean", INDEX, "fixture", "segmentation-models-pytorch", near=0.1041395)
    yield case("golden-alpha-mean", INDEX, "fixture option", "keras: alpha 0.25", alpha=0.25, near=0.0260349)
    for name in REDUCTIONS:
        yield case(f"weight-{name}", {**index(f"w-{name}", (3, 3)), "weight": W3}, "weight reduction", reduction=name)
        yield case(f"soft-{name}", soft(f"s-{name}", (2, 3)), "ordinary reduction", reduction=name)
    yield case("soft-weight-mean", {**PROBS, "weight": W3}, "weight", reduction="mean")
    yield case("soft-last", soft("sl", (1, 2, 3), -1), "rank option", reduction="none", classAxis=-1)
    yield case("one-hot", {**INDEX, "target": one_hot([2, 0], 3)}, "ordinary", "as the labels", reduction="none")
    silent = {"input": floats([[1, -INF, 0.5], [-INF, 2, 1]]), "target": floats([[0.25, 0, 0.75], [0, 1, 0]])}
    yield case("soft-silent", silent, "infinity", "target 0 at logit −∞ contributes 0", reduction="none")
    none = {"input": floats([], (0, 3)), "target": floats([], (0, 3))}
    yield case("soft-empty-mean", none, "empty", reduction="mean")
    yield case("soft-700", soft("s700", (2, 3), scale=700), "extreme", reduction="none")
    yield case("ignore-weight-mean", {**INDEX, "target": ints([2, -100]), "weight": W3}, "ignore weight")
    for gamma in (0, 0.5, 1, 3.7):
        yield case(f"gamma-{gamma}", INDEX, "option", gamma=gamma, reduction="none")
        yield case(f"gamma-{gamma}-sure", SURE, "option saturated unstable", gamma=gamma, reduction="none")
        yield case(f"gamma-{gamma}-soft", PROBS, "option", gamma=gamma, alpha=0.5, reduction="none")
    wrong = {"input": floats([[90, 0, 5], [700, -700, 1]]), "target": ints([1, 2])}
    yield case("gamma-half-wrong", wrong, "option extreme", gamma=0.5, reduction="none")
    yield case("sure", SURE, "saturated unstable", reduction="none")
    yield case("one-class", index("one", (2, 1)), "saturated", "p = 1: 0", reduction="none")
    yield error("BAD_OPTION", "error-gamma-negative", INDEX, "gamma must be >= 0", gamma=-1)
    yield error("BAD_OPTION", "error-alpha-text", INDEX, alpha="balanced")
    yield error("BAD_OPTION", "error-ignore-fraction", INDEX, ignoreIndex=0.5)
    yield error("SHAPE_MISMATCH", "error-weight-classes", {**INDEX, "weight": floats([1, 2])})
    yield error("SHAPE_MISMATCH", "error-soft-classes", {**PROBS, "target": floats([[1, 0], [0, 1]])})


def _keras(keras, jnp, t, o):
    hot = t["target"] if t["target"].shape == t["input"].shape else None
    if hot is None:
        hot = (t["target"][..., None] == jnp.arange(t["input"].shape[-1])).astype(t["input"].dtype)
    alpha = 1.0 if o.alpha is None else o.alpha
    return keras.losses.categorical_focal_crossentropy(hot, t["input"], alpha, o.gamma, from_logits=True)


def _torch(F, t, o):
    if o.gamma or o.alpha is not None or hasattr(t, "weight") or o.reduction == "partial":
        return None
    ignored = -(2**40) if o.ignoreIndex is None else o.ignoreIndex
    return F.cross_entropy(
        class_axis_second(t.input, o.classAxis), t.target, ignore_index=ignored, reduction=o.reduction
    )


CLIPS = Known(
    "keras clips probabilities to [1e-7, 1 − 1e-7] (the gradient is 0 there)",
    ("keras",),
    flags=frozenset({"extreme", "saturated", "infinity", "unstable"}),
)

LOSS = Loss(
    id="focal",
    paper="Lin et al., Focal Loss for Dense Object Detection, 2017, eq. 4 and 5",
    defaults={"gamma": 2, "alpha": None, "ignoreIndex": -100, "classAxis": 1},
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[
        jax_check("keras", "losses.categorical_focal_crossentropy", _keras, only("gamma", "alpha"), [CLIPS]),
        torch_check("nn.functional.cross_entropy", _torch),
    ],
)
