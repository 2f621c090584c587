"""Boxes (x1, y1, x2, y2) in multi-precision arithmetic, with torchvision's eps; their cases and cross-checks."""

from .batteries import NAN, REDUCTIONS, refused_requests
from .blocks import Block, Unreduced, last_axis, places
from .cases import Draw, case, error
from .conventions import constant, decide, maximum, minimum, relu
from .crosscheck import Known, torch_check
from .numbers import divide, mp, mpf
from .tensors import floats


class Geometry:
    """What the losses measure of a box and its target."""

    def __init__(self, a, b, eps):
        self.a, self.b, self.eps = a, b, mpf(eps)
        sides = [relu(minimum([a[k + 2], b[k + 2]]) - maximum([a[k], b[k]])) for k in (0, 1)]
        self.intersection = sides[0] * sides[1]
        self.union = area(a) + area(b) - self.intersection
        self.iou = self.intersection / (self.union + self.eps)
        self.reach = [maximum([a[k + 2], b[k + 2]]) - minimum([a[k], b[k]]) for k in (0, 1)]

    def giou(self):
        """Rezatofighi et al., 2019."""
        enclosing = self.reach[0] * self.reach[1]
        return 1 - self.iou + (enclosing - self.union) / (enclosing + self.eps)

    def diou(self):
        """Zheng et al., 2020, eq. 7."""
        a, b = self.a, self.b
        apart = sum(((a[k] + a[k + 2]) / 2 - (b[k] + b[k + 2]) / 2) ** 2 for k in (0, 1))
        return 1 - self.iou + apart / (sum(r**2 for r in self.reach) + self.eps)

    def ciou(self):
        """Zheng et al., 2020, eq. 8–11; α is constant in the gradient."""
        v = 4 / mp.pi**2 * (aspect(self.b) - aspect(self.a)) ** 2
        alpha = constant(divide(v, 1 - self.iou + v + self.eps))
        return self.diou() + alpha * v


def area(box):
    return (box[2] - box[0]) * (box[3] - box[1])


def aspect(box):
    """atan(width/height); 0 without a height."""
    width, height = box[2] - box[0], box[3] - box[1]
    return mpf(0) if decide(bool(height == 0), tie=height == 0) else mp.atan(width / height)


def box_blocks(inputs, o, formula):
    rows = range(inputs["input"].shape[0])
    one = lambda numbers: formula(Geometry(numbers[:4], numbers[4:], o.eps))  # noqa: E731
    spots = lambda n: places("input", last_axis((0, 4), n)) + places("target", last_axis((0, 4), n))  # noqa: E731
    return Unreduced((len(rows),), [Block(one, spots(n)) for n in rows])


def pair(a, b):
    return {"input": floats(a), "target": floats(b)}


def drawn(key, n=3, scale=1.0):
    """Boxes that overlap mostly."""
    draw = Draw(key)
    rows = []
    for _ in range(2):
        low, size = draw.uniform((n, 2), 0, scale).data, draw.uniform((n, 2), scale, 2 * scale).data
        at = [(low[2 * k], low[2 * k + 1], size[2 * k], size[2 * k + 1]) for k in range(n)]
        rows.append([[x, y, x + w, y + h] for x, y, w, h in at])
    return pair(*rows)


A = [[0, 0, 2, 2]]
GOOD = drawn("good", 2)


def box_cases(near, same=None):
    """`near`: published values by name of the second box; `same`: the gradients stated where boxes are equal."""
    others = {"overlapping": [1, 1, 3, 3], "disjoint": [5, 5, 6, 6], "touching": [2, 0, 4, 2], "corner": [2, 2, 4, 4]}
    for name, box in others.items():
        flags = {"overlapping": "fixture", "disjoint": "fixture"}.get(name, "kink fixture")
        yield case(f"fixture-{name}", pair(A, [box]), flags, reduction="none", near=near.get(name))
    for name in REDUCTIONS:
        yield case(f"reduce-{name}", drawn(f"reduce-{name}", 3), "ordinary reduction", reduction=name)
        none = {"input": floats([], (0, 4)), "target": floats([], (0, 4))}
        yield case(f"empty-{name}", none, "empty", reduction=name)
    for at in range(3):
        yield case(f"drawn-{at}", drawn(f"drawn-{at}", 4), "ordinary", reduction="none")
    apart = pair([[0, 0, 1, 3], [4, 4, 6, 5], [-3, -2, -1, -1]], [[2, 0.5, 4, 1], [0, 0, 1, 1.5], [1, 2, 2.5, 4]])
    yield case("apart-none", apart, "ordinary", "no overlap", reduction="none")
    inside = pair([[0, 0, 8, 8], [1, 2, 3, 3]], [[1, 2, 3, 4], [0, 0, 8, 6]])
    yield case("inside-none", inside, "ordinary", "one within the other", reduction="none")
    yield case("cross-none", pair([[0, 2, 8, 3]], [[3, 0, 5, 7]]), "ordinary", "crossing", reduction="none")
    if same is None:
        yield case("same-none", pair([[1, 2, 4, 3]], [[1, 2, 4, 3]]), "tie", "equal: ties share", reduction="none")
    yield case(
        "same-eps-0-none", pair([[1, 2, 4, 3]], [[1, 2, 4, 3]]), "tie", "0", eps=0, reduction="none", gradients=same
    )
    yield case("shared-edge-none", pair([[0, 0, 4, 2]], [[0, 1, 2, 2]]), "tie", reduction="none")
    near_box = pair([[0, 0, 2, 3]], [[0.0009765625, -0.0009765625, 2.0009765625, 2.9990234375]])
    yield case("near-none", near_box, "unstable", "almost equal", reduction="none")
    for scale in (5, 20, 90, 700, 10000):
        key = f"scale-{scale}"
        yield case(key, drawn(key, 2, scale), "extreme", reduction="none")
    yield case("small-none", drawn("small", 2, 1e-3), "extreme", "areas near eps", reduction="none")
    yield case("far-none", pair([[0, 0, 1, 1]], [[1e4, 2e4, 10002, 20001]]), "extreme", reduction="none")
    point = pair([[1, 1, 1, 1]], [[1, 1, 1, 1]])
    yield case("points-none", point, "kink", "two points", reduction="none", near=near.get("points"))
    points = pair([[1, 1, 1, 1]], [[0, 0, 2, 4]])
    yield case("point-in-box-none", points, "kink", "a point within a box", reduction="none")
    flat = pair([[0, 1, 2, 1]], [[0.5, 0, 2.5, 2]])
    yield case("flat-none", flat, "kink", "no height", reduction="none", gradients=("target",))
    inverted = pair([[2, 2, 0, 0]], [[1, 1, 3, 3]])
    yield case("inverted-none", inverted, "ordinary kink", "corners the wrong way round", reduction="none")
    yield case("eps-tenth-none", drawn("eps", 2), "option", eps=0.125, reduction="none")
    yield case("eps-0-none", drawn("eps0", 2), "option", eps=0, reduction="none")
    yield case("nan-none", pair([[NAN, 0, 1, 1]], A), "nan", reduction="none", gradients=())
    yield from refused_requests(GOOD)
    yield error("SHAPE_MISMATCH", "error-rows", {**GOOD, "target": floats(A)})
    yield error("SHAPE_MISMATCH", "error-columns", {**GOOD, "input": floats([[0, 0, 1], [0, 0, 1]])})
    yield error("RANK_MISMATCH", "error-rank", {**GOOD, "target": floats([0, 0, 1, 1])})
    yield error("BAD_OPTION", "error-eps", GOOD, eps=-1e-7)


SHARED = Known(
    "torchvision's mask of overlapping boxes stops the gradient where an edge only touches",
    ("torchvision",),
    flags={"kink"},
)
INVERTED = Known(
    "torchvision multiplies two negative sides where both are inverted", ("torchvision",), keys=("inverted-none",)
)


def torchvision_check(function, known=()):
    def call(F, t, o):
        from . import libraries

        ops = libraries.load("torchvision").ops
        return None if o.reduction == "partial" else getattr(ops, function)(t.input, t.target, o.reduction, o.eps)

    empty = Known("torchvision's mean of nothing is 0", ("torchvision",), flags={"empty"})
    return torch_check(f"ops.{function}", call, [empty, *known], library="torchvision")
