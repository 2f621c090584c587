"""Contrastive loss, Hadsell, Chopra and LeCun 2006: ½·(t·d² + (1−t)·max(0, margin − d)²), d = ‖x₁ − x₂‖, t = 1 similar.

Without `half` the ½ is left out, without `squared` the squares are.
"""

from isoloss_oracle.batteries import INF, NAN, REDUCTIONS, refused_requests
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import norm, relu
from isoloss_oracle.crosscheck import torch_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.rows import row_blocks
from isoloss_oracle.tensors import floats, ints


def formula(a, b, t, o):
    difference = [v - w for v, w in zip(a, b)]
    d = norm(difference)
    if o.squared:  # d² as the sum of squares: its slope at 0 is no convention
        loss = t * sum(v * v for v in difference) + (1 - t) * relu(mpf(o.margin) - d) ** 2
    else:
        loss = t * d + (1 - t) * relu(mpf(o.margin) - d)
    return loss / 2 if o.half else loss


def unreduced(inputs, o):
    return row_blocks(inputs, ("input1", "input2"), lambda a, b, t: formula(a, b, t, o), per_row=("target",))


def pairs(key, shape=(3, 3), scale=0.6):
    draw = Draw(key)
    return {"input1": draw.normal(shape, scale), "input2": draw.normal(shape, scale), "target": draw.bits(shape[:-1])}


def given(a, b, t):
    return {"input1": floats(a), "input2": floats(b), "target": floats(t)}


FORMS = {
    "hadsell": {},
    "tfa": {"half": False},
    "pml": {"half": False, "squared": False},
    "half-distance": {"squared": False},
}


def _cases():
    for label, form in FORMS.items():
        flags = "option" if form else "ordinary"
        for name in REDUCTIONS:
            key = f"{label}-{name}"
            yield case(key, pairs(key), f"{flags} reduction", reduction=name, margin=2, **form)
        for scale in (5, 20, 90, 700, 10000):
            key = f"{label}-scale-{scale}"
            yield case(key, pairs(key, (4, 2), scale), f"{flags} extreme", reduction="none", margin=2 * scale, **form)
        same = given([[1, 2], [1, 2]], [[1, 2], [1, 2]], [1, 0])
        yield case(f"{label}-same", same, f"{flags} kink", "distance 0: slope 0", reduction="none", **form)
        edge = given([[0, 0], [0, 0]], [[3, 4], [6, 8]], [0, 0])
        yield case(f"{label}-edge", edge, f"{flags} kink", "at the margin", reduction="none", margin=5, **form)
        near = given([[1, 2], [0, 1]], [[1, 2.000000238418579], [1e-6, 1]], [1, 0])
        yield case(f"{label}-near", near, f"{flags} unstable", "nearly the same", reduction="none", **form)
    for name in REDUCTIONS:
        yield case(f"empty-{name}", pairs("empty", (0, 3)), "empty", reduction=name)
    for margin in (0, 0.5, 1):
        yield case(f"margin-{margin}", pairs(f"m{margin}"), "option", reduction="none", margin=margin)
    whole = {**pairs("whole", (2, 3)), "target": ints([1, 0])}
    yield case("integer-targets", whole, "ordinary", "targets may be integers", reduction="none")
    far = given([[0, 0], [1e19, 0]], [[3e4, 4e4], [0, 0]], [0, 0])
    yield case("far", far, "extreme", "beyond the margin: 0", reduction="none")
    yield case("one-dimension", pairs("one", (3, 1)), "rank", reduction="none")
    nan = given([[NAN, 1], [1, 0.5]], [[1, 2], [2, 0.25]], [1, 0])
    yield case("nan", nan, "nan", reduction="none", gradients=())
    infinite = given([[INF, 1], [1, 0.5]], [[1, 2], [2, 0.25]], [1, 1])
    yield case("infinity", infinite, "infinity", reduction="none", gradients=())
    good = pairs("good", (2, 3))
    yield from refused_requests(good, "input1")
    yield error("BAD_OPTION", "error-margin-negative", good, "margin must be >= 0", margin=-1)
    yield error("BAD_OPTION", "error-squared-text", good, squared="yes")
    yield error("SHAPE_MISMATCH", "error-width", {**good, "input2": floats([[1, 2], [3, 4]])})
    yield error("SHAPE_MISMATCH", "error-target", {**good, "target": floats([1, 1, 0])})
    yield error("RANK_MISMATCH", "error-rank", {**good, "input1": floats([1, 2, 3])})


def _pml(F, t, o):
    """pytorch-metric-learning on the pairs themselves; its similar and dissimilar parts are reduced apart, so sums."""
    if o.squared or o.half or o.reduction != "sum" or not len(t.target):
        return None
    from isoloss_oracle import libraries

    pml, torch = libraries.load("pytorch-metric-learning"), libraries.load("torch")
    distance = pml.distances.LpDistance(normalize_embeddings=False, p=2)
    loss = pml.losses.ContrastiveLoss(
        pos_margin=0, neg_margin=o.margin, distance=distance, reducer=pml.reducers.SumReducer()
    )
    n = len(t.target)
    rows, similar = torch.arange(n), t.target == 1
    a, b = rows[similar], rows[~similar]
    tuples = (a, a + n, b, b + n)
    return loss(torch.cat([t.input1, t.input2]), torch.arange(2 * n), indices_tuple=tuples)


LOSS = Loss(
    id="contrastive",
    paper="Hadsell, Chopra and LeCun, Dimensionality Reduction by Learning an Invariant Mapping, 2006, eq. 4",
    defaults={"margin": 1, "squared": True, "half": True},
    unreduced=unreduced,
    cases=list(_cases()),
    differentiable=("input1", "input2"),
    checks=[torch_check("losses.ContrastiveLoss", _pml, library="pytorch-metric-learning")],
)
