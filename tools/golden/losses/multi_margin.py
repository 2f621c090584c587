"""Multi-class margin: Σ_{c≠y} w_y·max(0, margin − x_y + x_c)^p / C, as `nn.functional.multi_margin_loss`."""

from types import SimpleNamespace

from isoloss_oracle.batteries import INF, NAN, REDUCTIONS, refused_requests
from isoloss_oracle.cases import case, error
from isoloss_oracle.classes import label_blocks
from isoloss_oracle.conventions import relu
from isoloss_oracle.crosscheck import Known, torch_check
from isoloss_oracle.labelled import index
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.tensors import floats, ints


def formula(x, y, w, o):
    terms = [relu(mpf(o.margin) - x[y] + v) ** o.p for c, v in enumerate(x) if c != y]
    return (1 if w is None else w[y]) * sum(terms, mpf(0)) / len(x)


def unreduced(inputs, o):
    o = SimpleNamespace(classAxis=-1, **vars(o))
    return label_blocks(inputs, o, lambda x, y, w: formula(x, y, w, o), ("weight",))


GOLDEN = {"input": floats([[0.1, 0.2, 0.4, 0.8], [1, 0, 0, 0]]), "target": ints([3, 1])}
W3, W4 = floats([1, 2, 3]), floats([1, 2, 3, 4])
DYADIC = {"input": floats([[0.5, 1.5, -1], [2, 2, 2]]), "target": ints([1, 0])}


def _cases():
    yield case("golden", GOLDEN, "fixture", reduction="none", near=[0.325, 1.0])
    yield case("golden-p-2", GOLDEN, "fixture option", reduction="none", p=2, near=[0.1525, 1.5])
    weighted = {**GOLDEN, "weight": W4}
    yield case("golden-weight", weighted, "fixture weight", reduction="none", near=[1.3, 2.0])
    yield case("golden-weight-p-2", weighted, "fixture weight option", reduction="none", p=2, near=[0.61, 3.0])
    yield case("golden-weight-mean", weighted, "fixture weight", "divides by N", reduction="mean", near=1.65)
    for name in REDUCTIONS:
        for p in (1, 2):
            key = f"p-{p}-{name}"
            yield case(key, index(key, (3, 4)), "reduction option", reduction=name, p=p)
        yield case(f"weight-{name}", {**index(f"w-{name}", (2, 3)), "weight": W3}, "weight reduction", reduction=name)
        none = {"input": floats([], (0, 3)), "target": ints([], (0,))}
        yield case(f"empty-{name}", none, "empty", "torch's mean and sum are garbage", reduction=name)
    yield case("rank-1", index("r1", (4,)), "rank", reduction="none")
    yield case("rank-1-mean", {**index("r1m", (3,)), "weight": W3}, "rank weight", reduction="mean")
    yield case("rank-1-partial", index("r1p", (3,)), "rank", reduction="partial", p=2)
    for margin in (0, 0.5, 3, -1):
        yield case(f"margin-{margin}", index(f"m{margin}", (3, 4)), "option", reduction="none", margin=margin)
    for scale in (5, 20, 90, 700, 10000):
        wide = index(f"x{scale}", (3, 4), scale=scale)
        yield case(f"scale-{scale}", wide, "extreme", reduction="none")
        yield case(f"scale-{scale}-p-2", wide, "extreme option", reduction="none", p=2)
        hard = {"input": floats([[scale, 0, -scale]] * 2), "target": ints([0, 2])}
        yield case(f"hard-{scale}", hard, "extreme", reduction="none", p=2)
    yield case("kink", DYADIC, "kink", "at the margin: slope 0", reduction="none")
    yield case("kink-p-2", DYADIC, "kink option", reduction="none", p=2)
    offset = {"input": floats([[10001, 10000.5, 9999]]), "target": ints([0])}
    yield case("offset", offset, "unstable", "a common offset of 1e4", reduction="none")
    yield case("one-class", index("one", (2, 1)), "ordinary", "nothing wrong: 0", reduction="none")
    infinite = {"input": floats([[1, -INF, 0.5], [0, INF, 1]]), "target": ints([0, 2])}
    yield case("infinity", infinite, "infinity", reduction="none", gradients=())
    nan = {"input": floats([[NAN, 0, 1], [0, 1, 0.5]]), "target": ints([1, 1])}
    yield case("nan", nan, "nan", reduction="none", gradients=())
    good = index("good", (2, 3))
    yield from refused_requests(good)
    yield error("BAD_OPTION", "error-p", good, "p is 1 or 2", p=3)
    yield error("BAD_OPTION", "error-class-axis", good, "the classes are last", classAxis=1)
    yield error("BAD_OPTION", "error-margin-text", good, margin="wide")
    yield error("LABEL_OUT_OF_RANGE", "error-label-high", {**good, "target": ints([3, 0])})
    yield error("LABEL_OUT_OF_RANGE", "error-label-negative", {**good, "target": ints([0, -1])})
    yield error("SHAPE_MISMATCH", "error-weight-classes", {**good, "weight": floats([1, 2])})
    yield error("SHAPE_MISMATCH", "error-target-rows", {**good, "target": ints([0, 1, 2])})
    yield error("RANK_MISMATCH", "error-rank-3", {**good, "input": floats([[[1, 2]], [[3, 4]]])})
    yield error("BAD_DTYPE", "error-float-labels", {**good, "target": floats([0, 1])})


def _torch(F, t, o):
    if o.reduction == "partial":
        return None
    rest = {"p": o.p, "margin": o.margin, "weight": getattr(t, "weight", None), "reduction": o.reduction}
    return F.multi_margin_loss(t.input, t.target, **rest)


GARBAGE = Known("torch returns uninitialised memory for an empty batch", ("torch",), flags={"empty"}, garbage=True)
DROPS = Known("torch adds only what compares as > 0, which drops NaN", ("torch",), flags={"nan"})

LOSS = Loss(
    id="multiMargin",
    paper="torch.nn.functional.multi_margin_loss",
    defaults={"p": 1, "margin": 1},
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[
        torch_check("nn.functional.multi_margin_loss", _torch, [GARBAGE, DROPS], constant=lambda case: ("weight",))
    ],
)
