"""Generalized Kullback–Leibler divergence: Σ t·(ln t − x) + eˣ − t of log-measures x, 0·ln 0 = 0."""

from isoloss_oracle.batteries import INF, NAN, REDUCTIONS
from isoloss_oracle.cases import Draw, case
from isoloss_oracle.conventions import decide
from isoloss_oracle.crosscheck import Known, array_check, jax_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import exp, log
from isoloss_oracle.rows import row_blocks, row_cases
from isoloss_oracle.tensors import floats


def formula(x, t):
    return sum(exp(a) if decide(bool(b == 0)) else b * (log(b) - a) + exp(a) - b for a, b in zip(x, t))


def _make(draw, shape):
    return {"input": draw.uniform(shape, -4, 1), "target": draw.uniform(shape, 0.05, 3)}


def given(x, t):
    return {"input": floats(x), "target": floats(t)}


def _cases():
    yield from row_cases(_make)
    equal = given([[0, 0]], [[1, 1]])
    yield case("equal", equal, "ordinary", "t = eˣ: 0", reduction="none", near=0)
    near = given([[0, -0.6931472, 1]], [[1.0000001192092896, 0.5, 2.7182817]])
    yield case("neighbours", near, "unstable", "t one rounding from eˣ", reduction="none")
    close = given([[-1.1, 0.3, -0.02]], [[0.333, 1.35, 0.98]])
    yield case("close", close, "unstable", reduction="none")
    for name in REDUCTIONS:
        mixed = given([[-1, -2, 0.5], [0, -3, -0.25]], [[0, 0.5, 2], [1.5, 0, 0]])
        yield case(f"zeros-{name}", mixed, "saturated reduction", "target 0: eˣ", reduction=name, gradients=("input",))
    for scale in (5, 20, 80):
        draw = Draw(f"x{scale}")
        wide = {"input": draw.uniform((2, 3), -scale, scale), "target": draw.uniform((2, 3), 0.01, scale)}
        yield case(f"scale-{scale}", wide, "extreme", reduction="none")
    for scale in (90, 700, 10000):
        draw = Draw(f"x{scale}")
        wide = {"input": draw.uniform((2, 3), -scale, 0), "target": draw.uniform((2, 3), 0.01, scale)}
        yield case(f"scale-{scale}", wide, "extreme", reduction="none")
    tiny = given([[80, -80], [-3, -90]], [[1e-30, 1e-30], [1e-6, 1e-37]])
    yield case("tiny", tiny, "extreme unstable", reduction="none")
    silent = given([[-INF, -1]], [[0, 0.5]])
    yield case("minus-infinity", silent, "infinity", "0 against 0", reduction="none", gradients=("input",))
    heard = given([[-INF, -1], [0, 0]], [[0.5, 0.5], [1, 0.25]])
    yield case("impossible", heard, "infinity", "∞", reduction="none", gradients=())
    yield case("nan", given([[NAN, 1], [0, 0]], [[1, 1], [1, 2]]), "nan", reduction="none", gradients=())
    negative = given([[0, 0]], [[-0.5, 1]])
    yield case("negative-target", negative, "nan", "the log of a negative measure", reduction="none", gradients=())


def _plain(case):
    return case.options.get("reduction") == "none"


ZERO = Known(
    "0·∞ gives NaN, and jax's derivative of the target's logarithm at 0 likewise", ("optax",), flags={"infinity"}
)

LOSS = Loss(
    id="generalizedKl",
    paper="Boyd and Vandenberghe, Convex Optimization, 2004, p. 90; optax.losses.generalized_kl_divergence",
    unreduced=lambda inputs, o: row_blocks(inputs, ("input", "target"), formula),
    cases=list(_cases()),
    checks=[
        jax_check(
            "optax",
            "losses.generalized_kl_divergence",
            lambda m, jnp, t, o: m.losses.generalized_kl_divergence(t["input"], t["target"]),
            _plain,
            [ZERO],
        ),
        array_check(
            "scipy",
            "special.kl_div",
            lambda m, t, o: m.special.kl_div(t["target"], m.special.inv_boxcox(t["input"], 0)).sum(-1),
            lambda case: _plain(case) and "extreme" not in case.flags and "nan" not in case.flags,
        ),
    ],
)
