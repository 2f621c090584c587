"""Margin ranking: max(0, −t·(x₁ − x₂) + margin), as `nn.functional.margin_ranking_loss`; the inputs broadcast."""

from isoloss_oracle.batteries import INF, NAN, REDUCTIONS, refused_requests
from isoloss_oracle.blocks import Block, Unreduced
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import relu
from isoloss_oracle.crosscheck import Known, torch_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.tensors import broadcast_index, coordinates, floats, ints

NAMES = ("input1", "input2", "target")


def formula(x1, x2, t, margin):
    return relu(-t * (x1 - x2) + margin)


def unreduced(inputs, o):
    shape = tuple(0 if 0 in sizes else max(sizes) for sizes in zip(*(inputs[n].shape for n in NAMES)))
    spots = ([(n, broadcast_index(inputs[n].shape, at)) for n in NAMES] for at in coordinates(shape))
    return Unreduced(shape, [Block(lambda v: formula(*v, mpf(o.margin)), places) for places in spots])


def pairs(key, *shapes, scale=1.5):
    draw = Draw(key)
    first, second, third = shapes * (3 // len(shapes))
    signs = floats([2 * b - 1 for b in draw.bits(third).data], third)
    return {"input1": draw.normal(first, scale), "input2": draw.normal(second, scale), "target": signs}


def given(x1, x2, t):
    return {"input1": floats(x1), "input2": floats(x2), "target": floats(t)}


def _cases():
    for name in REDUCTIONS:
        yield case(f"plain-{name}", pairs(f"p-{name}", (2, 3)), "ordinary reduction", reduction=name)
        outer = pairs(f"o-{name}", (3, 1), (1, 3), (1, 3))
        yield case(f"outer-{name}", outer, "rank reduction", "n×1 against 1×n", reduction=name)
        yield case(f"margin-{name}", pairs(f"m-{name}", (4,)), "option", margin=0.5, reduction=name)
        yield case(f"empty-{name}", pairs("empty", (0,)), "empty", reduction=name)
    yield case("empty-outer-mean", pairs("eo", (0, 1), (1, 3), (1, 1)), "empty rank", reduction="mean")
    for shape in ((), (1,), (2, 1, 2), (1, 2, 1, 2)):
        yield case(f"rank-{len(shape)}", pairs(f"r{len(shape)}", shape), "rank", reduction="none")
    outer = pairs("ot", (2, 1), (2, 1), (1, 3))
    yield case("outer-target", outer, "rank", "the target widens the result", reduction="mean")
    yield case("outer-rank-3", pairs("o3", (2, 1, 2), (1, 3, 1), (1, 1, 1)), "rank", reduction="none", margin=1)
    for margin in (-1, 2, 100):
        yield case(f"margin-{margin}", pairs(f"m{margin}", (4,)), "option", margin=margin, reduction="none")
    yield case("margin-tenth", pairs("mt", (4,)), "option", "a margin that is not dyadic", margin=0.1, reduction="mean")
    for scale in (5, 20, 90, 700, 10000):
        yield case(f"scale-{scale}", pairs(f"x{scale}", (5,), scale=scale), "extreme", reduction="none")
    kink = given([0.5, 2, 1], [0.5, 2, 1.5], [1, -1, 1])
    yield case("kink", kink, "kink", "equal scores: slope 0, where torch lets it flow", reduction="none")
    yield case("kink-margin", given([1, -1], [0.5, 0.5], [1, -1]), "kink option", margin=0.5, reduction="none")
    yield case("kink-mean", kink, "kink reduction", reduction="mean")
    near = given([1.0000001192092896, 10000], [1, 10000.0009765625], [-1, 1])
    yield case("neighbours", near, "unstable", "scores one rounding apart", reduction="none")
    whole = {**given([1, 2], [2, 1], [0, 0]), "target": ints([1, -1])}
    yield case("integer-signs", whole, "ordinary", "signs may be integers", reduction="none")
    yield case(
        "target-zero", given([1, 2], [2, 1], [0, 0]), "option", "not checked: margin", margin=0.5, reduction="none"
    )
    infinite = given([INF, -INF, 1], [0, 1, INF], [-1, 1, -1])
    yield case("infinity", infinite, "infinity", reduction="none", gradients=())
    yield case("nan", given([NAN, 1], [0, 2], [1, 1]), "nan", reduction="none", gradients=())
    good = pairs("good", (2, 3))
    yield from refused_requests(good, "input1")
    yield error("MISSING_INPUT", "error-missing-target", {n: good[n] for n in NAMES[:2]})
    yield error("SHAPE_MISMATCH", "error-shape", pairs("bad", (2, 3), (2, 4), (2, 3)))
    yield error("RANK_MISMATCH", "error-rank", pairs("bad", (2, 3), (3,), (2, 3)), "as many axes in all three")
    yield error("BAD_OPTION", "error-margin-text", good, margin="wide")


def _torch(F, t, o):
    if o.reduction == "partial":
        return None
    return F.margin_ranking_loss(t.input1, t.input2, t.target, margin=o.margin, reduction=o.reduction)


CLAMP = Known(
    "torch clamps with clamp_min, whose derivative at 0 is 1; ours is relu′(0) = 0", ("torch",), flags={"kink"}
)

LOSS = Loss(
    id="marginRanking",
    paper="torch.nn.functional.margin_ranking_loss",
    defaults={"margin": 0},
    unreduced=unreduced,
    cases=list(_cases()),
    differentiable=("input1", "input2"),
    checks=[torch_check("nn.functional.margin_ranking_loss", _torch, [CLAMP])],
)
