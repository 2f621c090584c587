"""Binary cross-entropy of σ(x): −w·(posWeight·t·ln σ(x) + (1−t)·ln(1−σ(x))), as `binary_cross_entropy_with_logits`.

With label smoothing s the target becomes t(1−s) + s/2 (keras, TensorFlow).
"""

from isoloss_oracle.binary import HARD, logit_cases, pair, softplus
from isoloss_oracle.blocks import elementwise
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import weigh
from isoloss_oracle.crosscheck import Known, elementwise_torch, jax_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.tensors import floats


def formula(x, t, pos_weight, smoothing):
    t = t * (1 - smoothing) + smoothing / 2
    positive = 1 if pos_weight is None else pos_weight
    return weigh(t, positive * softplus(-x)) + weigh(1 - t, softplus(x))


def unreduced(inputs, o):
    smoothing = mpf(o.labelSmoothing)
    return elementwise(inputs, lambda x, t, p: formula(x, t, p, smoothing), ("input", "target", "posWeight"))


def _with(key, shape, pos_shape):
    draw = Draw(key)
    return {**_draw(draw, shape), "posWeight": draw.uniform(pos_shape, 0.5, 3)}


def _draw(draw, shape):
    return {"input": draw.normal(shape, 2), "target": draw.uniform(shape)}


INF, NAN = float("inf"), float("nan")
SMOOTH = pair([2, -1], [1, 0])

OWN = [
    case("posweight-none", _with("pw1", (2, 3), (3,)), "weight", "posWeight by column", reduction="none"),
    case("posweight-mean", _with("pw2", (2, 3), (2, 1)), "weight", "posWeight by row", reduction="mean"),
    case("posweight-scalar-sum", _with("pw3", (2, 2), ()), "weight", "one posWeight", reduction="sum"),
    case("posweight-full-partial", _with("pw4", (2, 2), (2, 2)), "weight", reduction="partial"),
    case(
        "posweight-fixture-none",
        {**pair([0.5, -1], [1, 0]), "posWeight": floats([2, 3])},
        "fixture weight",
        reduction="none",
        near=[0.948154, 0.313262],
    ),
    case(
        "posweight-and-weight-mean",
        {**_with("pw5", (2, 3), (3,)), "weight": floats([[0.5], [2]])},
        "weight",
        "the mean divides by the count",
        reduction="mean",
    ),
    case("posweight-extreme-none", {**HARD, "posWeight": floats([3])}, "extreme weight", reduction="none"),
    case("smoothing-mean", SMOOTH, "option fixture", labelSmoothing=0.1, reduction="mean", near=0.295095),
    case("smoothing-none", _draw(Draw("sm"), (2, 3)), "option", labelSmoothing=0.25, reduction="none"),
    case(
        "smoothing-1-none",
        _draw(Draw("sm1"), (4,)),
        "option",
        "every target is 1/2",
        labelSmoothing=1,
        reduction="none",
    ),
    case("smoothing-extreme-none", HARD, "option extreme", labelSmoothing=0.125, reduction="none"),
    case(
        "infinite-right-none",
        pair([INF, -INF, 1], [1, 0, 1]),
        "infinity",
        "certain and right: 0",
        reduction="none",
        gradients=("input",),
    ),
    case(
        "infinite-wrong-none",
        pair([INF, -INF, 1], [0, 1, 0]),
        "infinity",
        "certain and wrong: ∞, slope ±1",
        reduction="none",
        gradients=("input",),
    ),
    case("infinite-soft-none", pair([INF, -INF, 1], [0.5, 0.25, 0.5]), "infinity", reduction="none"),
    case("infinite-right-mean", pair([INF, -INF, 0.5], [1, 0, 1]), "infinity", reduction="mean", gradients=("input",)),
    case("target-2-none", pair([2, -1, 0.5], [2, -0.5, 1.5]), "ordinary", "targets aren't checked", reduction="none"),
    case(
        "posweight-negative-none",
        {**pair([2, -1], [1, 0.5]), "posWeight": floats([-1])},
        "weight",
        "not checked",
        reduction="none",
    ),
    case(
        "nan-posweight-none",
        {**pair([2, -1], [1, 0.5]), "posWeight": floats([NAN, 2])},
        "nan",
        reduction="none",
        gradients=(),
    ),
    error("BAD_OPTION", "error-smoothing-above-1", SMOOTH, "labelSmoothing must be in [0, 1]", labelSmoothing=1.5),
    error("BAD_OPTION", "error-smoothing-negative", SMOOTH, "labelSmoothing must be in [0, 1]", labelSmoothing=-0.1),
    error("SHAPE_MISMATCH", "error-posweight-shape", {**SMOOTH, "posWeight": floats([1, 2, 3])}),
]

INFINITE = Known(
    "0·∞ in the library's formula gives NaN where the limit exists",
    with_=("torch", "optax", "keras"),
    flags={"infinity"},
)


def _torch(F, x, t, p, o, **rest):
    t = t * (1 - o.labelSmoothing) + o.labelSmoothing / 2
    return F.binary_cross_entropy_with_logits(x, t, pos_weight=p, **rest)


def _keras(keras, jnp, t, o):
    # keras averages the last axis: give it one of size 1
    x, y = t["input"][..., None], t["target"][..., None]
    return keras.losses.binary_crossentropy(y, x, from_logits=True, label_smoothing=o.labelSmoothing)


def _plain_or_smooth(case):
    others = {"weight", "mask", "posWeight"} & case.inputs.keys()
    return not others and case.options.get("reduction") == "none"


def _plain(case):
    return _plain_or_smooth(case) and "labelSmoothing" not in case.options


LOSS = Loss(
    id="bceWithLogits",
    paper="torch.nn.functional.binary_cross_entropy_with_logits",
    defaults={"labelSmoothing": 0},
    unreduced=unreduced,
    cases=logit_cases(_draw) + OWN,
    checks=[
        elementwise_torch(
            "nn.functional.binary_cross_entropy_with_logits",
            _torch,
            [INFINITE],
            names=("input", "target", "posWeight"),
            constant=("weight", "posWeight"),
        ),
        jax_check(
            "optax",
            "sigmoid_binary_cross_entropy",
            lambda m, jnp, t, o: m.sigmoid_binary_cross_entropy(t["input"], t["target"]),
            _plain,
            [INFINITE],
        ),
        jax_check("keras", "losses.binary_crossentropy", _keras, _plain_or_smooth, [INFINITE]),
    ],
)
