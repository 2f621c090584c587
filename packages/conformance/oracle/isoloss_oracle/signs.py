"""What the losses of a score and a sign share: their cases and checks."""

from .batteries import elementwise_battery
from .cases import Draw, case
from .crosscheck import Known, jax_check
from .tensors import floats, ints

INF, NAN = float("inf"), float("nan")
SIZES = (5, 20, 88.5, 90, 700, 10000)
DIFFERENTIABLE = ("input", "weight")


def pair(x, t):
    return {"input": floats(x), "target": floats(t)}


def signed(draw, shape):
    signs = [2 * b - 1 for b in draw.bits(shape).data]
    return {"input": draw.normal(shape, 1.5), "target": floats(signs, shape)}


def sign_cases(weighted, kink=(), smooth=False):
    """The elementwise battery, hard scores, and the scores `kink` where the loss of either sign has its kink."""
    yield from elementwise_battery(signed, weighted=weighted)
    for scale in (5, 20, 90, 700, 10000):
        draw = Draw(f"scale-{scale}")
        hard = {**signed(draw, (5,)), "input": draw.normal((5,), scale)}
        yield case(f"scale-{scale}", hard, "extreme", reduction="none")
    both = [s * x for x in SIZES for s in (1, -1)]
    yield case("wrong", pair(both, [-1, 1] * len(SIZES)), "extreme unstable", "sure and wrong", reduction="none")
    yield case("right", pair(both, [1, -1] * len(SIZES)), "extreme saturated", "sure and right", reduction="none")
    yield case("wrong-mean", pair(both, [-1, 1] * len(SIZES)), "extreme reduction", reduction="mean")
    tiny = pair([1e-6, -1e-7, 1e-20], [1, 1, -1])
    yield case("tiny", tiny, "unstable", reduction="none")
    zero = pair([0, 0], [1, -1])
    yield case("zero", zero, "kink" if 0 in kink else "ordinary", reduction="none")
    for at, x in enumerate(kink):
        yield case(f"kink-{at}", pair([x, -x, x + 0.25], [1, -1, 1]), "kink", "the slope is 0", reduction="none")
        yield case(f"kink-{at}-mean", pair([x, -x, x + 0.25], [1, -1, 1]), "kink reduction", reduction="mean")
    whole = {"input": floats([0.5, -0.75, 3]), "target": ints([1, -1, -1])}
    yield case("integer-signs", whole, "ordinary", "signs may be integers", reduction="none")
    infinite = pair([INF, -INF, 0.5], [1, -1, 1])
    yield case("infinite-right", infinite, "infinity", "0", reduction="none")
    infinite = pair([INF, -INF, 0.5], [-1, 1, -1])
    yield case("infinite-wrong", infinite, "infinity", "∞", reduction="none", gradients=None if smooth else ())
    yield case("nan", pair([NAN, 0.5], [1, -1]), "nan", reduction="none", gradients=())
    yield case("nan-mean", pair([NAN, 0.5], [1, -1]), "nan", reduction="mean", gradients=())


def plain(case):
    return not {"weight", "mask"} & case.inputs.keys() and case.options.get("reduction") == "none"


KINK = Known(
    "the library's maximum(·, 0) has another derivative at 0 than relu′(0) = 0", ("keras", "optax"), flags={"kink"}
)
INFINITE = Known("0·∞ in the library's gradient where the limit exists", ("keras", "optax"), flags={"infinity"})


def margin_checks(keras=None, optax=None):
    """keras and optax on plain cases with signs of both kinds: keras takes targets that are all 0 or 1 for bits."""
    checks = []
    if keras:

        def call(module, jnp, t, o):
            # keras averages the last axis: give it one of size 1
            return getattr(module.losses, keras)(t["target"][..., None], t["input"][..., None])

        mixed = lambda case: plain(case) and -1 in case.inputs["target"].data  # noqa: E731
        checks.append(jax_check("keras", f"losses.{keras}", call, mixed, [KINK, INFINITE]))
    if optax:
        run = lambda m, jnp, t, o: getattr(m.losses, optax)(t["input"], t["target"])  # noqa: E731
        checks.append(jax_check("optax", f"losses.{optax}", run, plain, [KINK, INFINITE]))
    return checks
