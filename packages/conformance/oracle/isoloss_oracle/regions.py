"""What the losses of overlapping regions share: the cut into regions, activations, their cases and cross-checks."""

from dataclasses import replace

from .batteries import NAN, REDUCTIONS, refused_requests
from .blocks import Block, ClassRows, Unreduced, places
from .cases import Draw, case, error
from .conventions import decide
from .crosscheck import Known, jax_check
from .numbers import exp, mpf
from .tensors import coordinates, floats, ints

SMOOTH = {"smooth": 0, "activation": "none"}


def activate(x, rows, activation):
    """Probabilities of the numbers {flat index: logit}; `rows` are the flat indices that a softmax couples."""
    if activation == "none":
        return x
    if activation == "sigmoid":
        return {i: 1 / (1 + exp(-v)) for i, v in x.items()}
    p = {}
    for row in rows:
        powers = [exp(x[i]) for i in row]
        p |= {i: power / sum(powers) for i, power in zip(row, powers)}
    return p


def class_rows(shape, axis):
    """[flat indices that a softmax couples] and the row of each index."""
    cut = ClassRows(shape, axis)
    rows = [cut.row(n) for n in range(len(cut))]
    return rows, {i: row for row in rows for i in row}


def region_axes(shape, class_axis, per):
    """The axes that stay: the classes, and per sample the batch, which is the first other one."""
    rank = len(shape)
    axis = None if class_axis is None else 0 if rank == 1 else class_axis % rank
    batch = next((a for a in range(rank) if a != axis), None) if per == "sample" else None
    return sorted(a for a in (axis, batch) if a is not None)


def regions(inputs, o, formula, kept, class_axis=1):
    """A block for every index along the axes `kept`: `formula(p, t, classes)` of the region's elements, in order."""
    shape = inputs["input"].shape
    axis = 0 if len(shape) == 1 else class_axis % len(shape)
    rows, row_of = class_rows(shape, axis) if o.activation == "softmax" else ([], {})
    kept_shape = tuple(shape[a] for a in kept)
    own = {at: [] for at in coordinates(kept_shape)}
    classes = {}
    for i, at in enumerate(coordinates(shape)):
        own[tuple(at[a] for a in kept)].append(i)
        classes[i] = at[axis]

    def block(indices):
        coupled = [list(r) for r in {tuple(row_of[i]) for i in indices}] if rows else []
        read = sorted(i for row in coupled for i in row) if rows else indices

        def one(numbers):
            p = activate(dict(zip(read, numbers)), coupled, o.activation)
            return formula([p[i] for i in indices], numbers[len(read) :], [classes[i] for i in indices])

        return Block(one, places("input", read) + places("target", indices))

    return Unreduced(kept_shape, [block(indices) for indices in own.values()])


def share(part, whole):
    """part/whole, and 0 where there is nothing on either side."""
    nothing = whole == 0
    return mpf(0) if decide(bool(nothing), tie=nothing) else part / whole


def masks(key, shape, scale=None):
    """Probabilities, or logits of a scale, and hard targets with something of everything."""
    draw = Draw(key)
    x = draw.uniform(shape) if scale is None else draw.normal(shape, scale)
    return {"input": x, "target": draw.bits(shape)}


def one_line(p, t):
    """A region of one sample and one class."""
    return {"input": floats([[p]]), "target": floats([[t]])}


FIXTURE = one_line([0.8, 0.6, 0.3, 0.1], [1, 1, 0, 0])
GOOD = masks("good", (2, 2, 3))


def region_cases(fixture, class_axis=True, per=True, partial=True, empty_value=True):
    """The cases of every loss of regions; `fixture` are published values by option."""
    for at, (near, options) in enumerate(fixture):
        yield case(f"fixture-{at}", FIXTURE, "fixture", reduction="none", near=near, **options)
    for name in REDUCTIONS:
        yield case(f"reduce-{name}", masks(f"reduce-{name}", (2, 2, 3)), "ordinary reduction", reduction=name)
        for label, shape in {"batch": (0, 2, 3), "positions": (2, 2, 0)}.items():
            nothing = {"input": floats([], shape), "target": floats([], shape)}
            if label == "batch":
                yield case(f"empty-{label}-{name}", nothing, "empty", reduction=name)
            elif name in ("none", "mean"):
                yield case(
                    f"empty-{label}-{name}", nothing, "empty kink", "regions without a position: 0", reduction=name
                )
    for shape in ((3,), (2, 3), (2, 2, 3), (2, 2, 1, 2)):
        key = f"rank-{len(shape)}"
        yield case(key, masks(key, shape), "rank", reduction="none")
    for activation in ("sigmoid", "softmax"):
        option = {"activation": activation}
        yield case(f"{activation}-mean", masks(activation, (2, 2, 2), 2), "option", reduction="mean", **option)
        for scale in (5, 20, 90, 700, 10000):
            key = f"{activation}-scale-{scale}"
            yield case(key, masks(key, (1, 2, 3), scale), "extreme option", reduction="none", **option)
        right = {"input": floats([[[20, -20, 30], [-20, 20, -15]]]), "target": floats([[[1, 0, 1], [0, 1, 0]]])}
        wrong = {"input": right["input"], "target": floats([[[0, 1, 0], [1, 0, 1]]])}
        sure = "saturated extreme option"
        yield case(f"{activation}-right", right, sure, "sure and right", reduction="none", **option)
        yield case(f"{activation}-wrong", wrong, sure, "sure and wrong", reduction="none", **option)
    yield case("smooth-1-none", masks("smooth", (2, 2, 3)), "option", smooth=1, reduction="none")
    yield case("smooth-tenth-mean", masks("smooth2", (2, 2, 3)), "option", smooth=0.1, reduction="mean")
    yield case("perfect", one_line([1, 0, 1, 0], [1, 0, 1, 0]), "ordinary tie", "no error", reduction="none")
    yield case("all-wrong", one_line([1, 0, 1, 0], [0, 1, 0, 1]), "ordinary tie", "no overlap: 1", reduction="none")
    yield case("soft-match", one_line([0.5, 0.5], [0.5, 0.5]), "tie", "soft targets", reduction="none")
    yield case("target-empty", one_line([0.1, 0.1, 0.1], [0, 0, 0]), "ordinary", "nothing there", reduction="none")
    nothing = one_line([0, 0, 0], [0, 0, 0])
    yield case("both-empty", nothing, "kink", "empty against empty is 0 with gradient 0", reduction="none")
    yield case("both-empty-smooth", nothing, "option tie", smooth=0.5, reduction="none")
    some = {"input": floats([[[0, 0], [0.25, 0.5]]]), "target": floats([[[0, 0], [1, 0]]])}
    yield case("one-class-empty-mean", some, "kink", "counted, with 0", reduction="mean")
    yield case("tiny", one_line([1e-6, 1e-12, 0.25], [1e-7, 0, 1e-12]), "unstable", reduction="none")
    yield case("nan", one_line([NAN, 0.5], [1, 0]), "nan", reduction="none", gradients=())
    if class_axis:
        for axis in (-1, 0, 2):
            for activation in ("none", "softmax"):
                key = f"class-axis-{axis}-{activation}"
                scale = None if activation == "none" else 2
                options = {"classAxis": axis, "activation": activation}
                wanted = ("input", "target") if activation == "none" else ("input",)
                inputs = masks(key, (2, 2, 2), scale)
                yield case(key, inputs, "rank option", reduction="none", gradients=wanted, **options)
        yield error("RANK_MISMATCH", "error-class-axis", GOOD, "no such axis", classAxis=3)
    if per:
        for name in ("none", "mean", "sum"):
            yield case(
                f"batch-{name}", masks(f"batch-{name}", (2, 2, 3)), "option reduction", per="batch", reduction=name
            )
        yield case("batch-softmax", masks("bs1", (2, 2, 2), 2), "option", per="batch", activation="softmax")
        yield error(
            "BAD_OPTION",
            "error-batch-partial",
            GOOD,
            "regions over a batch don't merge",
            per="batch",
            reduction="partial",
        )
        yield error("BAD_OPTION", "error-per", GOOD, per="image")
    yield from refused_requests(GOOD)
    yield error("SHAPE_MISMATCH", "error-shape", {**GOOD, "target": floats([[[1, 0, 1]] * 3] * 2)})
    yield error("RANK_MISMATCH", "error-rank", {**GOOD, "target": floats([[1, 0, 1]] * 2)})
    yield error("BAD_DTYPE", "error-int-target", {**GOOD, "target": ints([[[1, 0, 1]] * 2] * 2)})
    yield error("BAD_OPTION", "error-activation", GOOD, activation="relu")
    yield error("BAD_OPTION", "error-smooth-negative", GOOD, smooth=-1)


def value_only(cases, keys):
    """The cases, those named without gradients."""
    return [replace(c, gradients=()) if c.key in keys else c for c in cases]


def at_kinks(cases, keys, **changes):
    """The cases, those named flagged as a kink (and changed)."""
    named = lambda c: replace(c, flags=tuple(dict.fromkeys((*c.flags, "kink"))), **changes)  # noqa: E731
    return [named(c) if c.key in keys else c for c in cases]


def _activated(jax, x, o):
    if o.activation == "softmax":
        return jax.nn.softmax(x, axis=0 if x.ndim == 1 else o.classAxis)
    return jax.nn.sigmoid(x) if o.activation == "sigmoid" else x


def _summed(shape, o):
    kept = region_axes(shape, o.classAxis, getattr(o, "per", "sample"))
    return tuple(a for a in range(len(shape)) if a not in kept)


def keras_check(function, options=lambda o: {}, applies=lambda case: True):
    def call(keras, jnp, t, o):
        from . import libraries

        p = _activated(libraries.load("jax"), t["input"], o)
        return getattr(keras.losses, function)(t["target"], p, axis=_summed(p.shape, o), **options(o))

    known = (
        Known("keras adds 1e-7 to the denominator", ("keras",)),
        Known("keras adds 1e-7 to the denominator: empty against empty is 1", ("keras",), flags={"kink", "empty"}),
    )
    plain = lambda case: case.options.get("reduction") == "none" and not case.options.get("smooth")  # noqa: E731
    return jax_check("keras", f"losses.{function}", call, lambda case: plain(case) and applies(case), known[::-1])


def optax_check(smooth, costs, applies=lambda case: True):
    """optax sums over all but the first and the last axis, of logits."""

    def call(optax, jnp, t, o):
        x, y = (jnp.moveaxis(t[n], o.classAxis, -1) for n in ("input", "target"))
        return optax.losses.dice_loss(x, y, smooth=smooth(o), reduction="none", **costs(o))

    def fits(case):
        shape, option = case.inputs["input"].shape, case.options
        plain = option.get("reduction") == "none" and option.get("activation") == "softmax" and len(shape) > 2
        return plain and option.get("classAxis") != 0 and option.get("per", "sample") == "sample" and applies(case)

    return jax_check("optax", "losses.dice_loss", call, fits)
