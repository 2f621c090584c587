"""Kim et al., DiscFace, 2020: a softmax-family loss + λ·‖ε − ξ‖, the discrepancy ε = x/‖x‖ − w_y/‖w_y‖ of an embedding
from its prototype against a common displacement ξ, projected to the radius: ξ·min(1, radius/‖ξ‖).

Paper-derived: there is no official code. Base losses: arcFace, cosFace, normFace.
"""

from types import SimpleNamespace

import arc_face
import cos_face
import norm_face

from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import at_most, norm
from isoloss_oracle.crosscheck import torch_check
from isoloss_oracle.embeddings import FACES, faces, prototype_cases, reduced, rows_against, toward, unit
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.tensors import floats

BASES = {
    "arcFace": (arc_face.formula, {"scale": 64, "margin": 0.5, "easyMargin": False}),
    "cosFace": (cos_face.formula, {"scale": 64, "margin": 0.35}),
    "normFace": (norm_face.formula, {"scale": 64}),
}


def projected(displacement, radius):
    length = norm(displacement)
    return displacement if at_most(length, radius) else [radius * v / length for v in displacement]


def formula(x, prototypes, displacement, y, o):
    base, defaults = BASES[o.base]
    shift = projected(displacement, mpf(o.radius))
    discrepancy = norm([a - w - d for a, w, d in zip(unit(x), unit(prototypes[y]), shift)])
    return base(x, prototypes, y, SimpleNamespace(**defaults | o.baseOptions)) + mpf(getattr(o, "lambda")) * discrepancy


def unreduced(inputs, o):
    labels = inputs["target"].data
    return rows_against(inputs, lambda x, w, d, n: formula(x, w, d, labels[n], o), ("prototypes", "displacement"))


def displaced(key, inputs, scale=0.02):
    return {**inputs, "displacement": Draw(f"{key} displacement").normal((inputs["prototypes"].shape[1],), scale)}


MILD = {"baseOptions": {"scale": 4}}
GOOD = displaced("good", FACES)
INSIDE = {**FACES, "displacement": floats([0.03, -0.02])}
OUTSIDE = {**FACES, "displacement": floats([0.6, -0.8])}


def _cases():
    yield from prototype_cases(MILD, extra=displaced)
    for base in BASES:
        for scale in (1, 8, 64):
            key = f"{base}-scale-{scale}"
            inputs = displaced(key, faces(key))
            yield case(f"{key}-none", inputs, "option", base=base, baseOptions={"scale": scale}, reduction="none")
        key = f"{base}-mean"
        yield case(key, displaced(key, faces(key)), "option", base=base, reduction="mean")
    for easy in (True, False):
        options = {"scale": 8, "easyMargin": easy, "margin": 0.25}
        yield case(f"arcFace-easy-{easy}-none", GOOD, "option", baseOptions=options, reduction="none")
    yield case("cosFace-margin-none", GOOD, "option", base="cosFace", baseOptions={"margin": 0.1}, reduction="none")
    plain = {"base": "normFace", "baseOptions": {"scale": 4}, "reduction": "none"}
    yield case("inside-none", INSIDE, "ordinary", "a displacement within the radius", **plain)
    yield case("outside-none", OUTSIDE, "ordinary", "projected to the radius", **plain)
    yield case("outside-mean", OUTSIDE, "reduction", "projected to the radius", reduction="mean")
    far = {**FACES, "displacement": floats([6e9, -8e9])}
    yield case("far-none", far, "extreme", "projected to the radius", **plain)
    yield case("radius-none", OUTSIDE, "option", "within a large radius", radius=2, **plain)
    edge = {**FACES, "displacement": floats([0.75, 1])}
    yield case("edge-none", edge, "kink option", "exactly the radius: not projected", radius=1.25, **plain)
    nowhere = {**FACES, "displacement": floats([0, 0])}
    yield case("no-displacement-none", nowhere, "kink", "a displacement of 0", **plain)
    met = {**toward([[3, 4]], [0], ((3, 4), (0, 1))), "displacement": floats([0, 0])}
    options = {"base": "cosFace", "baseOptions": {"scale": 4}, "reduction": "none"}
    yield case("met-none", met, "kink", "no discrepancy at all: norm′(0) = 0", **options)
    for value in (0, 1, 700):
        given = {"lambda": value}
        yield case(f"lambda-{value}-none", GOOD, "option", **plain, **given)
    yield error("BAD_OPTION", "error-base", GOOD, "no such base", base="sphereFace")
    yield error(
        "BAD_OPTION", "error-base-options", GOOD, "normFace has no margin", base="normFace", baseOptions={"margin": 1}
    )
    yield error("BAD_OPTION", "error-base-scale", GOOD, "scale must be > 0", baseOptions={"scale": 0})
    yield error("BAD_OPTION", "error-radius", GOOD, "radius must be > 0", radius=0)
    yield error("BAD_OPTION", "error-lambda", GOOD, "lambda must be >= 0", **{"lambda": -1})
    yield error("MISSING_INPUT", "error-no-displacement", FACES)
    yield error("SHAPE_MISMATCH", "error-displacement", {**FACES, "displacement": floats([0, 0, 1])})
    yield error("RANK_MISMATCH", "error-displacement-rank", {**FACES, "displacement": floats([[0, 0]])})


def _torch(F, t, o):
    """Its terms in torch, for the bases without an angle."""
    if o.base == "arcFace" or o.reduction == "partial":
        return None
    x, w = F.normalize(t.input), F.normalize(t.prototypes)
    own = F.one_hot(t.target, len(w)).to(w.dtype)
    options = BASES[o.base][1] | o.baseOptions
    base = F.cross_entropy(options["scale"] * (x @ w.T - options.get("margin", 0) * own), t.target, reduction="none")
    shift, length = t.displacement, t.displacement.norm()
    shift = shift if length <= o.radius else shift * o.radius / length
    return reduced(base + getattr(o, "lambda") * (x - w[t.target] - shift).norm(dim=1), o.reduction)


LOSS = Loss(
    id="discFace",
    paper="Kim et al., DiscFace: Minimum Discrepancy Learning for Deep Face Recognition, 2020",
    defaults={"base": "arcFace", "baseOptions": {}, "lambda": 0.5, "radius": 0.05},
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[torch_check("nn.functional.cross_entropy and norm", _torch)],
)
