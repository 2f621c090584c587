"""`nn.functional.triplet_margin_with_distance_loss`: relu(margin + d(a, p) − d(a, n)), with its `swap`, d by name.

euclidean is ‖x − y + eps‖_p (torch's pairwise_distance, its default), squaredEuclidean Σ(x−y)², cosine 1 − cos,
manhattan ‖x − y‖₁, chebyshev ‖x − y‖_∞, minkowski ‖x − y‖_p.
"""

import triplet_margin

from isoloss_oracle.batteries import INF, NAN, REDUCTIONS, refused_requests
from isoloss_oracle.cases import case, error
from isoloss_oracle.conventions import norm
from isoloss_oracle.crosscheck import Known, torch_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import INF as INFINITY
from isoloss_oracle.tensors import floats, ints


def lp(p):
    return lambda x, y, o: norm([a - b for a, b in zip(x, y)], o.p if p is None else p)


NAMES, triplet = triplet_margin.NAMES, triplet_margin.triplet
DISTANCES = {**triplet_margin.DISTANCES, "manhattan": lp(1), "chebyshev": lp(INFINITY), "minkowski": lp(None)}


def unreduced(inputs, o):
    return triplet_margin.unreduced(inputs, o, DISTANCES)


def triplets(key, shape=(2, 3), scale=1.0):
    return triplet_margin.triplets(key, shape, scale)


GOOD = triplets("good")
SATISFIED = triplet([[1, 0.5]], [[1.25, 0.375]], [[-5, -4]])


def _cases():
    for name in REDUCTIONS:
        yield case(f"default-{name}", triplets(f"d{name}"), "ordinary reduction", margin=2, reduction=name)
        none = {n: floats([], (0, 3)) for n in NAMES}
        yield case(f"empty-{name}", none, "empty", distance="manhattan", reduction=name)
    for distance in DISTANCES:
        given = {"distance": distance, "p": 3} if distance == "minkowski" else {"distance": distance}
        for name in ("none", "mean", "partial"):
            key = f"{distance}-{name}"
            yield case(key, triplets(key), "ordinary reduction option", margin=2, reduction=name, **given)
        yield case(f"{distance}-rank-1", triplets(distance, (4,)), "rank option", reduction="none", **given)
        key = f"{distance}-swap"
        yield case(key, triplets(key, (3, 3)), "option", swap=True, margin=3, reduction="none", **given)
        for scale in (20, 700, 10000):
            far = triplets(f"{distance}-{scale}", (2, 2), scale)
            yield case(f"{distance}-scale-{scale}", far, "extreme option", margin=scale, reduction="none", **given)
        nan = triplet([[NAN, 1], [0, 1]], [[1, 1], [2, 1]], [[0, 3], [1, 1]])
        yield case(f"{distance}-nan", nan, "nan option", reduction="none", gradients=(), **given)
        yield case(
            f"{distance}-satisfied", SATISFIED, "ordinary option", "0 with slope 0", margin=0, reduction="none", **given
        )
    for p in (1, 1.5, 2, 4, "Infinity"):
        for distance in ("minkowski", "euclidean"):
            key = f"{distance}-p-{p}"
            yield case(key, triplets(key), "option", distance=distance, p=p, margin=2, reduction="none")
    yield case("eps-0", triplets("eps"), "option", eps=0, margin=2, reduction="none")
    same = triplet([[1, 2]], [[1, 2]], [[1.5, 2]])
    for distance in ("minkowski", "manhattan", "chebyshev"):
        yield case(f"{distance}-same", same, "kink option", "norm′(0) = 0", distance=distance, reduction="none")
    tie = triplet([[0, 0]], [[2, -2]], [[1, 0.5]])
    yield case("chebyshev-tie", tie, "tie option", "two largest: shared", distance="chebyshev", reduction="none")
    edge = triplet([[0, 0]], [[3, 4]], [[4, -8]])
    yield case("relu-at-zero", edge, "kink option", "relu′(0) = 0", distance="manhattan", margin=5, reduction="none")
    swap = triplet([[-3, 0]], [[3, 0]], [[0, 4]])
    yield case("swap-tie", swap, "tie option", "shared", distance="manhattan", swap=True, margin=3, reduction="none")
    far = triplet([[0, 0]], [[3, 4]], [[INF, 1]])
    yield case(
        "infinite-negative",
        far,
        "infinity",
        "0",
        distance="manhattan",
        reduction="none",
        gradients=("anchor", "positive"),
    )
    yield from refused_requests(GOOD, first="anchor")
    yield error("SHAPE_MISMATCH", "error-rows", {**GOOD, "positive": floats([[1, 2, 3]])}, "no broadcasting")
    yield error("RANK_MISMATCH", "error-rank", {**GOOD, "positive": floats([1, 2, 3])})
    yield error("BAD_OPTION", "error-margin", GOOD, "margin must be >= 0", margin=-1)
    yield error("BAD_OPTION", "error-distance", GOOD, "no such distance", distance="hamming")
    yield error("BAD_OPTION", "error-p", GOOD, "p must be > 0", p=0)
    yield error("BAD_OPTION", "error-eps", GOOD, "eps must be >= 0", eps=-1)
    yield error("BAD_DTYPE", "error-int-negative", {**GOOD, "negative": ints([[1, 2, 3], [3, 4, 5]])})


def _torch(F, t, o):
    if o.reduction == "partial":
        return None
    p = float(o.p)
    distances = {
        "euclidean": lambda x, y: F.pairwise_distance(x, y, p, o.eps),
        "squaredEuclidean": lambda x, y: (x - y).square().sum(-1),
        "cosine": lambda x, y: 1 - F.cosine_similarity(x, y, dim=-1),
        "manhattan": lambda x, y: F.pairwise_distance(x, y, 1, 0),
        "chebyshev": lambda x, y: F.pairwise_distance(x, y, float("inf"), 0),
        "minkowski": lambda x, y: F.pairwise_distance(x, y, p, 0),
    }
    rest = {"margin": o.margin, "swap": o.swap, "reduction": o.reduction}
    d = distances[o.distance]
    return F.triplet_margin_with_distance_loss(t.anchor, t.positive, t.negative, distance_function=d, **rest)


MARGIN = Known("torch wants a margin above 0", ("torch",), lambda case: case.options.get("margin") == 0)
CLAMP = Known("torch's clamp_min has slope 1 at 0; ours is relu′(0) = 0", ("torch",), flags={"kink"})

LOSS = Loss(
    id="tripletMarginWithDistance",
    paper="PyTorch 2.13, nn.functional.triplet_margin_with_distance_loss",
    defaults={"margin": 1, "swap": False, "distance": "euclidean", "p": 2, "eps": 1e-6},
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[torch_check("nn.functional.triplet_margin_with_distance_loss", _torch, [MARGIN, CLAMP])],
)
