"""What the penalties on parameters share: one block of all parameters, and their cases."""

from .batteries import INF, NAN, REDUCTIONS, refused_requests
from .blocks import Block, Unreduced, places
from .cases import Draw, case, error
from .conventions import absolute
from .crosscheck import jax_check
from .loss import Loss
from .numbers import mpf
from .tensors import floats


def penalty(name, formula, defaults, own=(), keras=None, reference=None):
    """`formula(parameters, options)` of a tensor of any shape is one number."""

    def unreduced(inputs, o):
        block = Block(lambda w: formula(w, o), places("parameters", range(inputs["parameters"].size)))
        return Unreduced((), [block])

    checks = [
        jax_check(
            "keras",
            f"regularizers.{keras}",
            lambda m, jnp, t, o: reference(m.regularizers, o)(t["parameters"]),
            lambda case: case.options.get("reduction") != "partial" and "nan" not in case.flags,
            known(),
        )
    ]
    return Loss(
        id=name,
        paper=f"keras.regularizers.{keras}",
        defaults=defaults,
        unreduced=unreduced,
        cases=[*penalty_cases(), *own],
        checks=checks,
    )


def known():
    from .regression import JAX_ABS

    return [JAX_ABS]


def sizes(w):
    return sum((absolute(x) for x in w), mpf(0))


def squares(w):
    return sum((x * x for x in w), mpf(0))


def parameters(values, shape=None):
    return {"parameters": floats(values, shape)}


GOOD = {"parameters": Draw("good").normal((2, 3))}


def penalty_cases():
    for name in REDUCTIONS:
        draw = Draw(f"reduce-{name}")
        yield case(f"reduce-{name}", {"parameters": draw.normal((2, 3))}, "reduction", "one number", reduction=name)
        yield case(f"empty-{name}", parameters([]), "empty", "no parameters: 0", reduction=name)
    for shape in ((), (4,), (2, 2, 2), (2, 1, 2, 2)):
        drawn = Draw(f"rank-{len(shape)}").normal(shape)
        yield case(f"rank-{len(shape)}", {"parameters": drawn}, "rank", reduction="none")
    yield case("empty-axis-none", parameters([], (2, 0, 3)), "empty rank", reduction="none")
    for scale in (5, 20, 90, 700, 10000):
        drawn = Draw(f"scale-{scale}").normal((5,), scale)
        yield case(f"scale-{scale}-sum", {"parameters": drawn}, "extreme", reduction="sum")
    tiny = parameters([1e-15, -3e-18, 2e-12])
    yield case("tiny-sum", tiny, "unstable", reduction="sum")
    yield case("zeros-sum", parameters([0, 1.5, 0, -2]), "kink", "|0| has slope 0", reduction="sum")
    yield case("worked-sum", parameters([1, -2, 3]), "ordinary", reduction="sum")
    for strength in (0, 1, 0.5, 1e-4):
        drawn = {"parameters": Draw(f"strength-{strength}").normal((4,))}
        yield case(f"strength-{strength}-mean", drawn, "option", strength=strength, reduction="mean")
    yield case("nan-mean", parameters([1, NAN]), "nan", reduction="mean", gradients=())
    yield case("infinite-mean", parameters([INF, 1, -INF]), "infinity", reduction="mean")
    yield from refused_requests(GOOD, first="parameters")
    yield error("BAD_OPTION", "error-strength", GOOD, "strength must be >= 0", strength=-0.01)
    yield error("BAD_OPTION", "error-strength-text", GOOD, strength="strong")
    yield error("UNKNOWN_INPUT", "error-target", {**GOOD, "target": GOOD["parameters"]}, "there is no target")
