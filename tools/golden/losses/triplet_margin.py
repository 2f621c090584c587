"""Triplet loss: relu(margin + d(a, p) − d(a, n)) as `nn.functional.triplet_margin_loss`, with its `swap`.

Distances: ‖x − y + eps‖_p (torch's pairwise_distance); Σ(x−y)² (Schroff et al., FaceNet, 2015); 1 − cos.
"""

from math import prod

from isoloss_oracle.batteries import INF, NAN, REDUCTIONS, refused_requests
from isoloss_oracle.blocks import Block, Unreduced, last_axis, places
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import maximum, minimum, norm, relu
from isoloss_oracle.crosscheck import Known, torch_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.tensors import floats, ints

COSINE_EPS = mpf(1e-8)


def euclidean(x, y, o):
    return norm([a - b + mpf(o.eps) for a, b in zip(x, y)], o.p)


def squared_euclidean(x, y, o):
    return sum((a - b) ** 2 for a, b in zip(x, y))


def cosine(x, y, o):
    dot = sum(a * b for a, b in zip(x, y))
    return 1 - dot / (maximum([norm(x), COSINE_EPS]) * maximum([norm(y), COSINE_EPS]))


DISTANCES = {"euclidean": euclidean, "squaredEuclidean": squared_euclidean, "cosine": cosine}


def formula(anchor, positive, negative, o, distances):
    d = distances[o.distance]
    apart = d(anchor, negative, o)
    if o.swap:
        apart = minimum([apart, d(positive, negative, o)])
    return relu(mpf(o.margin) + d(anchor, positive, o) - apart)


NAMES = ("anchor", "positive", "negative")


def unreduced(inputs, o, distances=DISTANCES):
    shape = inputs["anchor"].shape
    width = shape[-1]

    def one(numbers):
        return formula(numbers[:width], numbers[width : 2 * width], numbers[2 * width :], o, distances)

    rows = range(prod(shape[:-1]))
    return Unreduced(shape[:-1], [Block(one, [s for k in NAMES for s in places(k, last_axis(shape, n))]) for n in rows])


def triplets(key, shape=(3, 4), scale=1.0):
    draw = Draw(key)
    return {name: draw.normal(shape, scale) for name in NAMES}


def triplet(anchor, positive, negative):
    return {"anchor": floats(anchor), "positive": floats(positive), "negative": floats(negative)}


GOOD = triplets("good", (2, 3))
PYTHAGORAS = triplet([[0, 0], [0, 0]], [[3, 4], [0, 5]], [[1, 1], [6, 8]])
SWAP = triplet([[0, 0], [1, 0]], [[3, 4], [0, 1]], [[3, 3.5], [4, 0]])


def _distances():
    for distance in DISTANCES:
        for name in REDUCTIONS:
            key = f"{distance}-{name}"
            yield case(
                key, triplets(key, (2, 3)), "ordinary reduction option", distance=distance, margin=2, reduction=name
            )
        yield case(f"{distance}-rank-1", triplets(distance, (4,)), "rank option", distance=distance, reduction="none")
        key = f"{distance}-swap"
        yield case(key, triplets(key, (4, 3)), "option", distance=distance, swap=True, margin=3, reduction="none")
        key = f"{distance}-swap-mean"
        yield case(key, triplets(key, (2, 3)), "option", distance=distance, swap=True, margin=3, reduction="mean")
        for scale in (5, 20, 90, 700, 10000):
            far = triplets(f"{distance}-{scale}", (2, 3), scale)
            yield case(
                f"{distance}-scale-{scale}", far, "extreme option", distance=distance, margin=scale, reduction="none"
            )
        key = f"{distance}-tiny"
        yield case(key, triplets(key, (2, 3), 1e-4), "unstable option", distance=distance, reduction="none")
        for name in REDUCTIONS:
            none = {n: floats([], (0, 3)) for n in NAMES}
            yield case(f"{distance}-empty-{name}", none, "empty option", distance=distance, reduction=name)
        nan = triplet([[NAN, 1], [0, 1]], [[1, 1], [2, 1]], [[0, 3], [1, 1]])
        yield case(f"{distance}-nan", nan, "nan option", distance=distance, reduction="none", gradients=())


def _norms():
    for p in (1, 3, 1.5, "Infinity"):
        yield case(f"p-{p}-none", triplets(f"p{p}"), "option", p=p, margin=2, reduction="none")
        yield case(f"p-{p}-mean", triplets(f"pm{p}", (2, 3)), "option", p=p, margin=2, swap=True, reduction="mean")
    yield case(
        "p-1-zero-difference",
        triplet([[1, 2]], [[1, 4]], [[1, 3]]),
        "option kink",
        "a component of 0",
        p=1,
        eps=0,
        reduction="none",
    )
    tie = triplet([[0, 0]], [[2, -2]], [[1, 0.5]])
    yield case("p-infinity-tie", tie, "option tie", "two largest components", p="Infinity", eps=0, reduction="none")
    yield case("eps-0-none", triplets("eps0"), "option", eps=0, margin=2, reduction="none")
    yield case("eps-tenth-none", triplets("eps1"), "option", eps=0.1, margin=2, reduction="none")
    same = triplet([[1, 2]], [[1, 2]], [[1.5, 2]])
    yield case("anchor-is-positive", same, "saturated", "only eps keeps the distance from 0", reduction="none")
    yield case("anchor-is-positive-eps-0", same, "kink option", "norm′(0) = 0", eps=0, reduction="none")
    yield case(
        "all-same-eps-0",
        triplet([[1, 2]], [[1, 2]], [[1, 2]]),
        "kink option",
        "two zero norms",
        eps=0,
        reduction="none",
    )


def _edges():
    yield case("pythagoras-none", PYTHAGORAS, "fixture", "3-4-5, less the eps in the difference", reduction="none")
    yield case("pythagoras-squared", PYTHAGORAS, "option", distance="squaredEuclidean", reduction="none")
    at_zero = triplet([[0, 0]], [[3, 4]], [[6, 8]])
    yield case("relu-at-zero", at_zero, "kink option", "relu′(0) = 0", margin=5, eps=0, reduction="none")
    yield case("relu-at-zero-squared", at_zero, "kink option", distance="squaredEuclidean", margin=75, reduction="none")
    easy = triplet([[0, 0], [1, 1]], [[0.5, 0], [1, 0.5]], [[9, 9], [-8, 1]])
    yield case("satisfied-none", easy, "ordinary", "inactive: 0 with slope 0", reduction="none")
    yield case("satisfied-mean", easy, "ordinary", "counted all the same", reduction="mean")
    yield case("margin-0-none", triplets("m0"), "option", margin=0, reduction="none")
    yield case("margin-half-mean", triplets("mh", (2, 3)), "option", margin=0.5, reduction="mean")
    yield case("swap-none", SWAP, "option", "one swaps, one doesn't", swap=True, reduction="none")
    tie = triplet([[-3, 0]], [[3, 0]], [[0, 4]])
    yield case("swap-tie", tie, "tie option", "d(a,n) = d(p,n): shared", swap=True, eps=0, reduction="none")
    yield case("swap-tie-squared", tie, "tie option", swap=True, distance="squaredEuclidean", reduction="none")
    zero = triplet([[0, 0]], [[3, 4]], [[1, 1]])
    yield case(
        "cosine-zero-anchor",
        zero,
        "kink option",
        "cos 0 at the zero vector",
        distance="cosine",
        reduction="none",
        gradients=("positive", "negative"),
    )
    parallel = triplet([[3, 4]], [[6, 8]], [[-3, -4]])
    yield case(
        "cosine-parallel", parallel, "saturated option", "cos 1 and −1", distance="cosine", margin=3, reduction="none"
    )
    near = triplet([[1, 0]], [[1, 0.0009765625]], [[1, -0.0009765625]])
    yield case(
        "cosine-near",
        near,
        "saturated option unstable",
        "1 − cos is tiny",
        distance="cosine",
        margin=0.5,
        reduction="none",
    )
    yield case(
        "infinite-negative",
        triplet([[0, 0]], [[3, 4]], [[INF, 1]]),
        "infinity",
        "infinitely far: 0",
        reduction="none",
        gradients=("anchor", "positive"),
    )
    yield case(
        "infinite-positive", triplet([[0, 0]], [[INF, 4]], [[1, 1]]), "infinity", "∞", reduction="none", gradients=()
    )


def _errors():
    yield from refused_requests(GOOD, first="anchor")
    yield error("SHAPE_MISMATCH", "error-width", {**GOOD, "negative": floats([[1, 2], [3, 4]])})
    yield error("SHAPE_MISMATCH", "error-rows", {**GOOD, "positive": floats([[1, 2, 3]])}, "no broadcasting")
    yield error("RANK_MISMATCH", "error-rank", {**GOOD, "positive": floats([1, 2, 3])})
    yield error("RANK_MISMATCH", "error-scalar", {n: floats(1) for n in NAMES})
    yield error("BAD_OPTION", "error-margin-negative", GOOD, "margin must be >= 0", margin=-1)
    yield error("BAD_OPTION", "error-eps-negative", GOOD, "eps must be >= 0", eps=-1e-6)
    yield error("BAD_OPTION", "error-distance", GOOD, "no such distance", distance="manhattan")
    yield error("BAD_OPTION", "error-p-text", GOOD, p="two")
    yield error("BAD_DTYPE", "error-int-negative", {**GOOD, "negative": ints([[1, 2, 3], [3, 4, 5]])})


def _torch(F, t, o):
    if o.reduction == "partial":
        return None
    rest = {"margin": o.margin, "swap": o.swap, "reduction": o.reduction}
    if o.distance == "euclidean":
        p = float(o.p)
        return F.triplet_margin_loss(t.anchor, t.positive, t.negative, p=p, eps=o.eps, **rest)
    distances = {
        "squaredEuclidean": lambda x, y: (x - y).square().sum(-1),
        "cosine": lambda x, y: 1 - F.cosine_similarity(x, y, dim=-1),
    }
    d = distances[o.distance]
    return F.triplet_margin_with_distance_loss(t.anchor, t.positive, t.negative, distance_function=d, **rest)


TORCH_MARGIN = Known("torch wants a margin above 0", ("torch",), lambda case: case.options.get("margin") == 0)
CLAMP = Known(
    "torch clamps with clamp_min, whose derivative at 0 is 1; ours is relu′(0) = 0", ("torch",), flags={"kink"}
)
INFINITE = Known("torch's norm gives ∞/∞ in the gradient at an infinite distance", ("torch",), flags={"infinity"})
PARTS = (_distances, _norms, _edges, _errors)

LOSS = Loss(
    id="tripletMargin",
    paper="Balntas et al., Learning Shallow Convolutional Feature Descriptors with Triplet Losses, 2016; FaceNet, 2015",
    defaults={"margin": 1, "p": 2, "eps": 1e-6, "swap": False, "distance": "euclidean"},
    unreduced=unreduced,
    cases=[one for part in PARTS for one in part()],
    checks=[
        torch_check("nn.functional.triplet_margin_loss", _torch, [TORCH_MARGIN, CLAMP, INFINITE]),
    ],
)
