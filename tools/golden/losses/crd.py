"""Tian, Krishnan & Isola, Contrastive Representation Distillation, 2020, eq. 17–19, as RepDistiller's ContrastLoss.

−ln(P⁺/(P⁺ + m·Pₙ + eps)) − Σ_k ln(m·Pₙ/(P_k + m·Pₙ + eps)) per anchor, with P = exp(cos/T)/Z, Pₙ = 1/datasetSize and
m = K negatives. Z is an input, or the mean of exp(cos/T) over the batch's pairs times datasetSize, constant in the
gradient.
"""

from isoloss_oracle.batteries import NAN, refused_requests
from isoloss_oracle.blocks import Block, Unreduced, places
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import constant
from isoloss_oracle.crosscheck import Known, torch_check
from isoloss_oracle.embeddings import cosine, cut, reduced
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import exp, log, mpf
from isoloss_oracle.tensors import Tensor, exact, floats, ints


def scores(anchor, positive, negatives, o):
    return [exp(cosine(anchor, other) / mpf(o.temperature)) for other in [positive, *negatives]]


def formula(anchor, positive, negatives, total, o):
    right, *wrong = (score / total for score in scores(anchor, positive, negatives, o))
    m, noise, eps = len(negatives), 1 / mpf(o.datasetSize), mpf(o.eps)
    missed = sum((log(m * noise / (p + m * noise + eps)) for p in wrong), mpf(0))
    return -log(right / (right + m * noise + eps)) - missed


def unreduced(inputs, o):
    rows, count, width = inputs["negatives"].shape
    parts = [Tensor("float32", (width,), (0,) * width)] * 2
    parts.append(Tensor("float32", (count, width), (0,) * (count * width)))

    def read(n):
        own = [places(name, range(n * width, (n + 1) * width)) for name in ("anchor", "positive")]
        return own[0] + own[1] + places("negatives", range(n * count * width, (n + 1) * count * width))

    if "normalizer" in inputs:
        one = lambda numbers: formula(*cut(numbers[:-1], parts), numbers[-1], o)  # noqa: E731
        return Unreduced((rows,), [Block(one, [*read(n), ("normalizer", 0)]) for n in range(rows)])
    given = {name: exact(inputs[name]) for name in ("anchor", "positive", "negatives")}
    of_row = lambda n: cut([given[name][i] for name, i in read(n)], parts)  # noqa: E731
    found = [score for n in range(rows) for score in scores(*of_row(n), o)]
    total = constant(sum(found) / len(found) * mpf(o.datasetSize)) if found else None
    one = lambda numbers: formula(*cut(numbers, parts), total, o)  # noqa: E731
    return Unreduced((rows,), [Block(one, read(n)) for n in range(rows)])


def pairs(key, rows=2, count=2, width=2, scale=1.0, normalizer=None):
    draw = Draw(key)
    made = {"anchor": draw.normal((rows, width), scale), "positive": draw.normal((rows, width), scale)}
    made["negatives"] = draw.normal((rows, count, width), scale)
    return made if normalizer is None else {**made, "normalizer": floats(normalizer)}


TEN = {"datasetSize": 10}
MILD = {"datasetSize": 10, "temperature": 0.5}
GOOD = pairs("good")
# exp(cos/½)/5 = [.5, .1, .2], [.3, .05, .4] times 1: semantics.md's scores, as cosines with (1, 0).
COSINES = [[0.45814537, -0.34657359, 0], [0.20273255, -0.69314718, 0.34657359]]
MEASURED = {
    "anchor": floats([[1, 0], [1, 0]]),
    "positive": floats([[c[0], (1 - c[0] ** 2) ** 0.5] for c in COSINES]),
    "negatives": floats([[[x, (1 - x * x) ** 0.5] for x in c[1:]] for c in COSINES]),
    "normalizer": floats(5),
}


def _cases():
    yield case("fixture-mean", MEASURED, "fixture", **MILD, reduction="mean", near=1.6338336)
    for name in ("none", "mean", "sum"):
        yield case(f"plain-{name}", pairs(f"p{name}"), "ordinary reduction", **TEN, reduction=name)
        yield case(f"mild-{name}", pairs(f"m{name}", 3), "option reduction", **MILD, reduction=name)
        none = {"anchor": floats([], (0, 2)), "positive": floats([], (0, 2)), "negatives": floats([], (0, 2, 2))}
        yield case(f"empty-{name}", none, "empty", **TEN, reduction=name)
    for name in ("none", "mean", "sum", "partial"):
        fixed = pairs(f"f{name}", normalizer=20)
        yield case(f"normalizer-{name}", fixed, "ordinary reduction", "Z given", **MILD, reduction=name)
        yield case(f"empty-fixed-{name}", {**none, "normalizer": floats(20)}, "empty", **TEN, reduction=name)
    yield case("one-row-none", pairs("one", 1, 3, 3), "ordinary", **MILD, reduction="none")
    yield case("wide-none", pairs("wide", 2, 1, 4), "ordinary", **MILD, reduction="none")
    yield case("no-negatives-none", pairs("no", 2, 0), "ordinary", "K = 0: only eps is left", **MILD, reduction="none")
    for temperature in (0.02, 0.1, 1, 5):
        inputs = pairs(f"t{temperature}")
        yield case(
            f"temperature-{temperature}-none", inputs, "option", **TEN, temperature=temperature, reduction="none"
        )
    for size in (1, 100, 50000, 1e9):
        key = f"dataset-{size:g}-none"
        yield case(key, pairs(f"d{size}"), "option", datasetSize=size, temperature=0.5, reduction="none")
    for eps in (0, 0.1, 10):
        yield case(f"eps-{eps}-none", pairs(f"e{eps}"), "option", **MILD, eps=eps, reduction="none")
    for total in (1e-6, 700, 1e10):
        inputs = pairs(f"z{total}", normalizer=total)
        yield case(f"normalizer-{total:g}-none", inputs, "extreme", "Z given", **MILD, reduction="none")
    for scale in (1e-6, 5, 20, 90, 700, 10000):
        yield case(f"length-{scale:g}-none", pairs(f"l{scale}", scale=scale), "extreme", **MILD, reduction="none")
    nowhere = {**GOOD, "anchor": floats([[0, 0], [1, 2]])}
    yield case("zero-anchor-none", nowhere, "kink", "the zero vector stays 0", **MILD, reduction="none")
    broken = {**GOOD, "positive": floats([[NAN, 1], [1, 2]])}
    yield case("nan-none", broken, "nan", "in the batch's mean too", **MILD, reduction="none", gradients=())
    fixed = {**broken, "normalizer": floats(20)}
    yield case("nan-fixed-none", fixed, "nan", "one row", **MILD, reduction="none", gradients=("anchor",))
    yield from _errors()


def _errors():
    for request in refused_requests(GOOD, "anchor"):
        yield error(request.error, request.key, request.inputs, request.comment, **TEN, **request.options)
    yield error(
        "BAD_OPTION", "error-partial", GOOD, "the batch's own mean couples its examples", **TEN, reduction="partial"
    )
    yield error("BAD_OPTION", "error-no-dataset-size", GOOD, "datasetSize has no default")
    yield error("BAD_OPTION", "error-dataset-size", GOOD, "datasetSize must be > 0", datasetSize=0)
    yield error("BAD_OPTION", "error-temperature", GOOD, "temperature must be > 0", **TEN, temperature=0)
    yield error("BAD_OPTION", "error-eps", GOOD, "eps must be >= 0", **TEN, eps=-1)
    yield error("SHAPE_MISMATCH", "error-rows", {**GOOD, "positive": floats([[1, 2]])}, **TEN)
    yield error("SHAPE_MISMATCH", "error-negatives", {**GOOD, "negatives": floats([[[1, 2]]])}, **TEN)
    yield error("RANK_MISMATCH", "error-rank", {**GOOD, "negatives": floats([[1, 2], [3, 4]])}, **TEN)
    yield error("RANK_MISMATCH", "error-normalizer", {**GOOD, "normalizer": floats([5, 5])}, "a scalar", **TEN)
    yield error("BAD_DTYPE", "error-int-positive", {**GOOD, "positive": ints([[1, 2], [3, 4]])}, **TEN)


def _torch(F, t, o):
    a, others = F.normalize(t.anchor), F.normalize(t.negatives, dim=-1)
    positive = F.normalize(t.positive)[:, None]
    raw = ((a[:, None] * positive).sum(-1) / o.temperature).exp()
    wrong = ((a[:, None] * others).sum(-1) / o.temperature).exp()
    count, both = wrong.shape[1], raw.sum() + wrong.sum()
    z = t.normalizer if hasattr(t, "normalizer") else both.detach() / (raw.numel() + wrong.numel()) * o.datasetSize
    noise = count / o.datasetSize
    right, wrong = raw[:, 0] / z, wrong / z
    loss = -(right / (right + noise + o.eps)).log() - (noise / (wrong + noise + o.eps)).log().sum(1)
    return reduced(loss, o.reduction)


LOSS = Loss(
    id="crd",
    paper="Tian, Krishnan & Isola, Contrastive Representation Distillation, 2020, eq. 17–19",
    defaults={"temperature": 0.07, "eps": 1e-7},
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[
        torch_check(
            "nn.functional.normalize, exp, log",
            _torch,
            [Known("divides the zero vector by 1e-12; the convention is norm′(0) = 0", ("torch",), flags={"kink"})],
        )
    ],
)
