"""Deng et al., ArcFace, 2019, eq. 3: softmax cross-entropy of s·cos θ_j with s·cos(θ_y + m) for the own class.

As insightface: where cos θ_y <= cos(π − m) the own logit falls back to s·(cos θ_y − m·sin m), which keeps it falling;
with `easyMargin` the margin applies only where cos θ_y > 0, else the logit is s·cos θ_y. Both sides are normalised.
"""

import math

from mpmath import mp

from isoloss_oracle import libraries
from isoloss_oracle.batteries import NAN, REDUCTIONS, refused_requests
from isoloss_oracle.blocks import Block, Unreduced, last_axis, places
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import decide, less
from isoloss_oracle.crosscheck import Check, Known, torch_answer, torch_inputs
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.softmax import log_softmax
from isoloss_oracle.tensors import floats, ints


def square(v):
    return sum(x * x for x in v)


def cosine(x, w):
    """(cos θ, cos² θ); the squares are compared with 1, since a square root would hide an exact 1."""
    dot, size = sum(a * b for a, b in zip(x, w)), square(x) * square(w)
    if decide(bool(size == 0), tie=size == 0):  # norm 0: the vector is 0, norm′(0) = 0
        return mpf(0), mpf(0)
    return dot / mp.sqrt(size), dot * dot / size


def sine(squared_cosine):
    """√max(1 − cos², 0) with derivative 0 where cos² >= 1."""
    flat = decide(bool(squared_cosine >= 1), tie=squared_cosine == 1)
    return mpf(0) if flat else mp.sqrt(1 - squared_cosine)


def with_margin(cos, squared_cosine, m, easy):
    shifted = cos * mp.cos(m) - sine(squared_cosine) * mp.sin(m)
    if easy:
        return shifted if less(0, cos) else cos
    return shifted if less(mp.cos(mp.pi - m), cos) else cos - m * mp.sin(m)


def formula(x, prototypes, y, o):
    cosines = [cosine(x, w) for w in prototypes]
    logits = [mpf(o.scale) * cos for cos, _ in cosines]
    logits[y] = mpf(o.scale) * with_margin(*cosines[y], mpf(o.margin), o.easyMargin)
    return -log_softmax(logits)[y]


def unreduced(inputs, o):
    (rows, width), classes = inputs["input"].shape, inputs["prototypes"].shape[0]

    def block(n):
        def one(numbers):
            cut = [numbers[i : i + width] for i in range(0, len(numbers), width)]
            return formula(cut[0], cut[1:], inputs["target"].data[n], o)

        own = places("input", last_axis((rows, width), n))
        return Block(one, own + places("prototypes", range(classes * width)))

    return Unreduced((rows,), [block(n) for n in range(rows)])


def faces(key, rows=2, width=3, classes=3, scale=1.0):
    draw = Draw(key)
    made = {"input": draw.normal((rows, width), scale), "prototypes": draw.normal((classes, width))}
    return {**made, "target": draw.integers((rows,), classes)}


FIXTURE = {
    "input": floats([[0.8, 0.6], [-1, 0.1]]),
    "prototypes": floats([[1, 0], [0, 1], [0.6, 0.8]]),
    "target": ints([0, 0]),
}


def toward(inputs, target, prototypes=((1, 0), (0, 1))):
    return {"input": floats(inputs), "prototypes": floats(prototypes), "target": ints(target)}


FAR = toward([[-1, 0.125], [-4, -3], [-0.96875, 0.5]], [0, 0, 0])


def _cases():
    yield case(
        "fixture-none", FIXTURE, "fixture", "the second beyond π − m", reduction="none", near=[34.917709, 85.392235]
    )
    yield case(
        "fixture-easy-none", FIXTURE, "fixture option", easyMargin=True, reduction="none", near=[34.917709, 70.050613]
    )
    for name in REDUCTIONS:
        yield case(f"plain-{name}", faces(f"p-{name}"), "ordinary reduction", reduction=name)
        yield case(f"scale-4-{name}", faces(f"s-{name}"), "option reduction", scale=4, reduction=name)
        none = {"input": floats([], (0, 3)), "prototypes": Draw("none").normal((3, 3)), "target": ints([], (0,))}
        yield case(f"empty-{name}", none, "empty", reduction=name)
    for margin in (0, 0.25, 1, 1.5):
        yield case(f"margin-{margin}-none", faces(f"m{margin}"), "option", margin=margin, scale=8, reduction="none")
    for scale in (1, 16, 30, 256):
        yield case(f"scale-{scale}-none", faces(f"k{scale}"), "option", scale=scale, reduction="none")
    for size in (1e-6, 5, 20, 90, 700, 10000):
        yield case(
            f"length-{size:g}-none", faces(f"l{size}", scale=size), "extreme", "normalised inside", reduction="none"
        )
    yield case("scale-700-none", faces("k700"), "option extreme", scale=700, reduction="none")
    yield case("scale-10000-none", faces("k1e4"), "option extreme", scale=10000, reduction="none")
    yield case("easy-none", faces("easy", 4), "option", easyMargin=True, scale=8, reduction="none")
    yield case("easy-mean", faces("easy-mean"), "option", easyMargin=True, reduction="mean")
    yield case("fallback-none", FAR, "option", "beyond π − m", scale=8, reduction="none")
    yield case(
        "fallback-easy-none", FAR, "option", "no margin where cos <= 0", easyMargin=True, scale=8, reduction="none"
    )
    yield case("fallback-mean", FAR, "reduction", reduction="mean")
    wide = faces("wide", 1, 5, 4)
    yield case("one-row-mean", wide, "reduction", reduction="mean")
    yield case(
        "width-1-none",
        faces("thin", 3, 1, 2),
        "kink",
        "D = 1: every cos is ±1",
        scale=4,
        reduction="none",
        gradients=(),
    )
    yield case("one-class-none", faces("single", 2, 3, 1), "ordinary", "one class: 0", reduction="none")
    # Along the axes the kink is reached without rounding, on every backend alike.
    own = toward([[4, 0], [0, 2]], [0, 1], ((2, 0), (0, 1)))
    yield case("cos-1-exact-none", own, "kink", "cos = 1: sinθ = 0 with derivative 0", scale=4, reduction="none")
    yield case("cos-1-exact-scale-16-none", own, "kink saturated", scale=16, reduction="none")
    yield case(
        "cos-minus-1-exact-none",
        toward([[-4, 0]], [0], ((2, 0), (0, 1))),
        "kink",
        "cos = −1: the fallback",
        scale=4,
        reduction="none",
    )
    almost = toward([[1, 0.0009765625], [1, 1e-4]], [0, 0])
    yield case("cos-near-1-none", almost, "unstable", "1 − cos² cancels", scale=8, reduction="none")
    yield case("right-angle-none", toward([[0, 2]], [0]), "ordinary", "cos = 0", scale=4, reduction="none")
    yield case(
        "right-angle-easy-none",
        toward([[0, 2]], [0]),
        "kink option",
        "cos = 0: no margin",
        easyMargin=True,
        scale=4,
        reduction="none",
    )
    zero = toward([[0, 0], [1, 2]], [0, 1])
    yield case("zero-input-none", zero, "kink", "the zero vector stays 0", scale=4, reduction="none")
    zero = toward([[1, 2]], [0], ((0, 0), (1, 1)))
    yield case("zero-prototype-none", zero, "kink", "the zero vector stays 0", scale=4, reduction="none")
    nan = toward([[NAN, 1], [1, 2]], [0, 1])
    yield case("nan-none", nan, "nan", reduction="none", gradients=("input",))
    yield case("nan-mean", nan, "nan", reduction="mean", gradients=())
    yield case(
        "nan-prototype-none", toward([[1, 2]], [0], ((1, 0), (NAN, 1))), "nan", reduction="none", gradients=("input",)
    )
    yield from _errors()


def _errors():
    yield from refused_requests(FIXTURE)
    yield error("LABEL_OUT_OF_RANGE", "error-label-high", {**FIXTURE, "target": ints([0, 3])})
    yield error(
        "LABEL_OUT_OF_RANGE",
        "error-label-negative",
        {**FIXTURE, "target": ints([-1, 0])},
        "insightface's −1 isn't ours",
    )
    yield error("SHAPE_MISMATCH", "error-width", {**FIXTURE, "prototypes": floats([[1, 0, 0], [0, 1, 0]])})
    yield error("SHAPE_MISMATCH", "error-rows", {**FIXTURE, "target": ints([0, 1, 2])})
    yield error("RANK_MISMATCH", "error-rank", {**FIXTURE, "input": floats([0.8, 0.6])})
    yield error("BAD_DTYPE", "error-float-labels", {**FIXTURE, "target": floats([0, 1])})
    yield error("BAD_OPTION", "error-easy-text", FIXTURE, easyMargin="yes")
    yield error("BAD_OPTION", "error-scale-text", FIXTURE, scale="large")
    yield error("UNKNOWN_INPUT", "error-mask", {**FIXTURE, "weight": floats([1, 1])}, "no weights")


def _metric_learning(case, o, names):
    """pytorch-metric-learning row by row (it has no `none`), with its margin in degrees."""
    if o.easyMargin or o.reduction == "partial" or not case.inputs["target"].size:
        return None
    torch, losses = libraries.load("torch"), libraries.load("pytorch-metric-learning").losses
    tensors = torch_inputs(case, names)
    classes, width = tensors["prototypes"].shape
    loss = losses.ArcFaceLoss(classes, width, margin=math.degrees(o.margin), scale=o.scale)
    del loss.W
    loss.W = tensors["prototypes"].T
    rows = [loss(x[None], y[None]) for x, y in zip(tensors["input"], tensors["target"])]
    out = torch.stack(rows)
    out = {"none": out, "mean": out.mean(), "sum": out.sum()}[o.reduction]
    return torch_answer(out, tensors, names)


ZERO = Known(
    "divides the zero vector by 1e-12, so that its gradient is about 1e12; the convention is norm′(0) = 0",
    ("pytorch-metric-learning",),
    keys=("zero-input-none", "zero-prototype-none"),
)
ACOS = Known(
    "goes through arccos, whose derivative at ±1 is infinite (it moves the cosine off by 1e-7 or so)",
    ("pytorch-metric-learning",),
    flags={"kink", "unstable"},
)

LOSS = Loss(
    id="arcFace",
    paper="Deng et al., ArcFace: Additive Angular Margin Loss for Deep Face Recognition, 2019, eq. 3",
    defaults={"scale": 64, "margin": 0.5, "easyMargin": False},
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[Check("pytorch-metric-learning", "losses.ArcFaceLoss", _metric_learning, (ZERO, ACOS))],
)
