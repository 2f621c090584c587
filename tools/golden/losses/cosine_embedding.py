"""Cosine embedding: 1 − cos for t = 1, max(0, cos − margin) for t = −1, as `nn.functional.cosine_embedding_loss`.

cos = ⟨a, b⟩/√((⟨a, a⟩ + 1e-12)(⟨b, b⟩ + 1e-12)).
"""

from mpmath import mp

from isoloss_oracle.batteries import INF, NAN, REDUCTIONS, less_stable, refused_requests
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import relu
from isoloss_oracle.crosscheck import Known, torch_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.rows import row_blocks
from isoloss_oracle.tensors import floats, ints

EPS = mpf(1e-12)


def formula(a, b, t, margin):
    dot = lambda x, y: sum(v * w for v, w in zip(x, y))  # noqa: E731
    cosine = dot(a, b) / mp.sqrt((dot(a, a) + EPS) * (dot(b, b) + EPS))
    if t == 1:
        return 1 - cosine
    return relu(cosine - margin) if t == -1 else 0 * cosine


def unreduced(inputs, o):
    # A target is a choice of the piece, so its value at the point is taken.
    signs = inputs["target"].data
    whole = row_blocks(inputs, ("input1", "input2"), None)
    blocks = []
    for sign, block in zip(signs, whole.blocks):
        width = len(block.places) // 2
        one = lambda v, sign=sign, width=width: formula(v[:width], v[width:], sign, mpf(o.margin))  # noqa: E731
        blocks.append(type(block)(one, block.places))
    return type(whole)(whole.shape, blocks)


def pairs(key, shape=(3, 3), scale=1.0, sign=None):
    draw = Draw(key)
    rows = shape[:-1]
    signs = [2 * b - 1 if sign is None else sign for b in draw.bits(rows).data]
    return {"input1": draw.normal(shape, scale), "input2": draw.normal(shape, scale), "target": floats(signs, rows)}


def given(a, b, t):
    return {"input1": floats(a), "input2": floats(b), "target": floats(t)}


def _cases():
    for name in REDUCTIONS:
        yield case(f"plain-{name}", pairs(f"p-{name}"), "ordinary reduction", reduction=name)
        yield case(f"margin-{name}", pairs(f"m-{name}"), "option reduction", margin=0.25, reduction=name)
        yield case(f"rank-1-{name}", pairs(f"r-{name}", (3,), sign=1), "rank", reduction=name)
        yield case(f"empty-{name}", pairs("empty", (0, 3)), "empty", reduction=name)
    yield case("rank-1-apart", pairs("r1", (4,), sign=-1), "rank", reduction="none", margin=-1)
    for margin in (-1, -0.5, 0.1, 0.5, 1):
        yield case(f"margin-{margin}", pairs(f"m{margin}", sign=-1), "option", margin=margin, reduction="none")
    for scale in (1e-3, 5, 20, 90, 700, 10000):
        for sign in (1, -1):
            wide = pairs(f"x{scale}{sign}", (3, 3), scale, sign)
            yield case(f"scale-{scale}-{sign}", wide, "extreme", reduction="none")
    short = given([[1e-6, 0], [1e-5, 0]], [[1e-6, 0], [1e-5, 0]], [1, 1])
    yield case("short", short, "fixture", "1e-12 counts beside short vectors", reduction="none", near=[0.5, 0.0099010])
    zero = given([[0, 0], [0, 0]], [[3, 4], [3, 4]], [1, -1])
    yield case("zero", zero, "kink", "a zero vector has cosine 0; relu′(0) = 0", reduction="none", near=[1, 0])
    zeros = given([[0, 0]], [[0, 0]], [1])
    yield case("both-zero", zeros, "ordinary", reduction="none", near=1)
    parallel = given([[3, 4], [-1, 2]], [[6, 8], [2, -4]], [1, 1])
    yield case("parallel", parallel, "saturated unstable", "cos 1 and −1", reduction="none")
    yield case("opposite", {**parallel, "target": floats([-1, -1])}, "ordinary", reduction="none")
    near = given([[1, 0], [3, 4]], [[1, 0.0009765625], [3.0009765625, 4]], [1, 1])
    yield case("nearly-parallel", near, "saturated unstable", "1 − cos is tiny", reduction="none")
    yield case("nearly-parallel-mean", near, "saturated unstable", reduction="mean")
    at_right_angles = given([[1, 0]], [[0, 2]], [-1])
    yield case("kink", at_right_angles, "kink", "cos is the margin: slope 0", reduction="none")
    yield case("other-target", given([[1, 2]], [[2, 1]], [0]), "ordinary", "neither: 0, as torch", reduction="none")
    whole = {**pairs("whole", (2, 3)), "target": ints([1, -1])}
    yield case("integer-signs", whole, "ordinary", "signs may be integers", reduction="none")
    nan = given([[NAN, 1], [1, 0.5]], [[1, 2], [2, 3]], [1, 1])
    yield case("nan", nan, "nan", reduction="none", gradients=())
    infinite = given([[INF, 1]], [[1, 2]], [1])
    yield case("infinity", infinite, "infinity nan", "∞/∞", reduction="none", gradients=())
    good = pairs("good", (2, 3))
    yield from refused_requests(good, "input1")
    yield error("BAD_OPTION", "error-margin-high", good, "margin must be in [−1, 1]", margin=1.5)
    yield error("BAD_OPTION", "error-margin-low", good, "margin must be in [−1, 1]", margin=-2)
    yield error("SHAPE_MISMATCH", "error-width", {**good, "input2": floats([[1, 2], [3, 4]])})
    yield error("SHAPE_MISMATCH", "error-target", {**good, "target": floats([1, 1, -1])})
    yield error("RANK_MISMATCH", "error-rank", {**good, "input2": floats([1, 2, 3])})
    yield error("RANK_MISMATCH", "error-rank-3", pairs("bad", (1, 2, 3)))


def _torch(F, t, o):
    if o.reduction == "partial":
        return None
    return F.cosine_embedding_loss(t.input1, t.input2, t.target, margin=o.margin, reduction=o.reduction)


CLAMP = Known(
    "torch clamps with clamp_min, whose derivative at 0 is 1; ours is relu′(0) = 0", ("torch",), flags={"kink"}
)
FLOAT32_EPS = Known("torch keeps 1e-12 as a float32, 4e-9 smaller", ("torch",), keys=("short", "zero", "both-zero"))

LESS_STABLE = [
    "plain-none",
    "margin-none",
    "plain-mean",
    "plain-sum",
    "rank-1-sum",
    "scale-5-1",
    "scale-20-1",
    "scale-10000-1",
    "short",
    "parallel",
    "nearly-parallel",
    "nearly-parallel-mean",
]

LOSS = Loss(
    id="cosineEmbedding",
    paper="torch.nn.functional.cosine_embedding_loss",
    defaults={"margin": 0},
    unreduced=unreduced,
    cases=list(
        less_stable(
            _cases(),
            lambda c: c.key in LESS_STABLE,
            "an element of the slope across a row cancels against its part along the row: small beside the row's",
        )
    ),
    differentiable=("input1", "input2"),
    checks=[torch_check("nn.functional.cosine_embedding_loss", _torch, [FLOAT32_EPS, CLAMP])],
)
