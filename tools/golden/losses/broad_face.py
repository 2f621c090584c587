"""Kim, Park & Shin, BroadFace, 2020, eq. 5–7: ArcFace over the batch and a queue of past embeddings.

A queued e, stored with its prototype of then, is compensated by e + (‖e‖/‖w_then‖)·(w_now − w_then). The queue and the
compensation are constant in the gradient; the prototypes learn from both. The mean is over N + Q.
"""

import math

import arc_face

from isoloss_oracle import libraries
from isoloss_oracle.blocks import Block, Unreduced, places
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import constant, norm
from isoloss_oracle.crosscheck import Known, torch_check
from isoloss_oracle.embeddings import FACES, cut, faces, prototype_cases, reduced
from isoloss_oracle.loss import Loss
from isoloss_oracle.tensors import exact, floats, ints


def compensated(e, then, now):
    length = norm(then)
    ratio = norm(e) / (length if length != 0 else 1)
    return [a + ratio * (w - v) for a, v, w in zip(e, then, now)]


def unreduced(inputs, o):
    width, prototypes = inputs["input"].shape[1], inputs["prototypes"]
    learned = places("prototypes", range(prototypes.size))

    def of_batch(n):
        y = inputs["target"].data[n]
        own = places("input", range(n * width, (n + 1) * width))
        return Block(lambda v: arc_face.formula(v[:width], *cut(v[width:], [prototypes]), y, o), own + learned)

    def of_queue(n):
        y = inputs["queueTargets"].data[n]
        row = lambda name, i: exact(inputs[name])[i * width : (i + 1) * width]  # noqa: E731
        e, then, now = row("queueFeatures", n), row("queuePrototypes", n), row("prototypes", y)
        e = [constant(v) for v in (compensated(e, then, now) if o.compensate else e)]
        return Block(lambda v: arc_face.formula(e, *cut(v, [prototypes]), y, o), learned)

    batch, queue = inputs["target"].size, inputs["queueTargets"].size
    return Unreduced((batch + queue,), [of_batch(n) for n in range(batch)] + [of_queue(n) for n in range(queue)])


def queued(key, inputs, size=2, scale=1.0):
    draw = Draw(f"{key} queue")
    classes, width = inputs["prototypes"].shape
    return {
        **inputs,
        "queueFeatures": draw.normal((size, width), scale),
        "queueTargets": draw.integers((size,), classes),
        "queuePrototypes": draw.normal((size, width), scale),
    }


def queue(inputs, features, targets, prototypes):
    made = {"queueFeatures": floats(features), "queueTargets": ints(targets), "queuePrototypes": floats(prototypes)}
    return {**inputs, **made}


MILD = {"scale": 4}
GOOD = queued("good", FACES)


def _cases():
    yield from prototype_cases(MILD, extra=queued)
    for name in ("none", "mean", "sum", "partial"):
        key = f"uncompensated-{name}"
        yield case(key, queued(key, faces(key)), "option reduction", compensate=False, scale=8, reduction=name)
        none = {**faces("nobody"), **{"queueFeatures": floats([], (0, 3)), "queuePrototypes": floats([], (0, 3))}}
        none["queueTargets"] = ints([], (0,))
        yield case(f"no-queue-{name}", none, "reduction", "an empty queue: arcFace", scale=8, reduction=name)
        nothing = {**none, "input": floats([], (0, 3)), "target": ints([], (0,))}
        yield case(f"nothing-{name}", nothing, "empty", "neither batch nor queue", reduction=name)
    still = queue(FACES, [[1, 0.5], [-0.25, 2]], [0, 1], [[1, 0], [0, 1]])
    yield case(
        "unmoved-none", still, "ordinary", "prototypes that haven't moved: no compensation", scale=8, reduction="none"
    )
    moved = queue(FACES, [[1, 0.5], [-0.25, 2]], [2, 1], [[1, 0.25], [0.5, 1]])
    yield case("moved-none", moved, "ordinary", scale=8, reduction="none")
    yield case("moved-mean", moved, "ordinary", reduction="mean")
    yield case("one-and-four-none", queued("14", faces("14", 1, 2), 4), "ordinary", scale=8, reduction="none")
    for margin in (0, 0.25, 1):
        key = f"margin-{margin}"
        yield case(f"{key}-none", queued(key, faces(key)), "option", margin=margin, scale=8, reduction="none")
    key = "easy"
    yield case("easy-none", queued(key, faces(key, 3)), "option", easyMargin=True, scale=8, reduction="none")
    yield case("easy-mean", queued(key, faces(key)), "option", easyMargin=True, reduction="mean")
    for scale in (16, 256, 700, 10000):
        yield case(
            f"scale-{scale}-none",
            queued(f"k{scale}", faces(f"k{scale}")),
            "option extreme",
            scale=scale,
            reduction="none",
        )
    for size in (0.125, 20, 700, 10000):
        key = f"queue-{size:g}"
        yield case(f"{key}-none", queued(key, faces(key), 2, size), "extreme", "queue", scale=8, reduction="none")
    lost = queue(FACES, [[1, 0.5]], [0], [[0, 0]])
    yield case("zero-then-none", lost, "ordinary", "a prototype of then that was 0", scale=8, reduction="none")
    empty = queue(FACES, [[0, 0]], [0], [[1, 2]])
    yield case("zero-feature-none", empty, "kink", "an embedding of 0 in the queue", scale=8, reduction="none")
    yield error("LABEL_OUT_OF_RANGE", "error-queue-label", {**GOOD, "queueTargets": ints([0, 3])})
    yield error("SHAPE_MISMATCH", "error-queue-size", {**GOOD, "queueTargets": ints([0, 1, 1])})
    yield error("SHAPE_MISMATCH", "error-queue-width", {**GOOD, "queueFeatures": floats([[1, 2, 3], [4, 5, 6]])})
    yield error("MISSING_INPUT", "error-no-queue", FACES)
    yield error("BAD_OPTION", "error-compensate", GOOD, compensate="yes")
    yield error("BAD_OPTION", "error-margin", GOOD, "margin must be in [0, π]", margin=4)


def _torch(F, t, o):
    """The parts of the authors' forward in torch; angles by arccos."""
    if o.reduction == "partial":
        return None
    q, then, w = t.queueFeatures.detach(), t.queuePrototypes.detach(), t.prototypes
    if o.compensate:
        q = q + q.norm(dim=1, keepdim=True) / then.norm(dim=1, keepdim=True) * (w.detach()[t.queueTargets] - then)
    cat = libraries.load("torch").cat
    x, y = F.normalize(cat([t.input, q])), cat([t.target, t.queueTargets])
    cosines = x @ F.normalize(w).T
    own = F.one_hot(y, len(w)).bool()
    c = cosines[own]
    shifted = (c.acos() + o.margin).cos()
    if o.easyMargin:
        z = shifted.where(c > 0, c)
    else:
        z = shifted.where(c > math.cos(math.pi - o.margin), c - o.margin * math.sin(o.margin))
    logits = o.scale * z[:, None].where(own, cosines)
    return reduced(F.cross_entropy(logits, y, reduction="none"), o.reduction)


ZERO = Known("0/0 where the convention is norm′(0) = 0", ("torch",), lambda case: case.key.startswith("zero-"))

LOSS = Loss(
    id="broadFace",
    paper="Kim, Park & Shin, BroadFace: Looking at Tens of Thousands of People at Once for Face Recognition, 2020",
    defaults={"scale": 64, "margin": 0.5, "easyMargin": False, "compensate": True},
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[torch_check("acos, nn.functional.cross_entropy", _torch, [ZERO])],
)
