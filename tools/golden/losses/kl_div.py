"""Kullback–Leibler divergence by element: t·(ln t − ln p), as `nn.functional.kl_div`; a target of 0 gives 0."""

from dataclasses import replace

from isoloss_oracle.batteries import INF, NAN, REDUCTIONS, elementwise_battery
from isoloss_oracle.binary import pair
from isoloss_oracle.blocks import elementwise
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import decide
from isoloss_oracle.crosscheck import Known, array_check, elementwise_torch, jax_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import exp, log, mpf
from isoloss_oracle.tensors import floats


def formula(x, t, log_input, log_target):
    log_t = t if log_target else log(t)
    t = exp(t) if log_target else t
    if decide(bool(t == 0)):
        return mpf(0)
    return t * (log_t - (x if log_input else log(x)))


def unreduced(inputs, o):
    whole = elementwise(inputs, lambda x, t: formula(x, t, o.logInput, o.logTarget))
    return replace(whole, divisor=inputs["input"].shape[0]) if o.reduction == "batchmean" else whole


REDUCTIONS_HERE = (*REDUCTIONS, "batchmean")


def _draw(draw, shape):
    return {"input": draw.uniform(shape, -4, 0), "target": draw.uniform(shape, 0.05, 1)}


def _probabilities(key, shape=(2, 3)):
    draw = Draw(key)
    return {"input": draw.probabilities(shape), "target": draw.probabilities(shape)}


def _logs(key, shape=(2, 3), scale=4):
    draw = Draw(key)
    return {"input": draw.uniform(shape, -scale, 0), "target": draw.uniform(shape, -scale, 0)}


GOLDEN = {"input": [[-1.6094379, -0.22314355], [-0.6931472, -0.6931472]], "target": [[0.4, 0.6], [0.1, 0.9]]}
GOLDEN = pair(GOLDEN["input"], GOLDEN["target"])
WORKED = pair([0.5, 0.3, 0.2], [0.4, 0.4, 0.2])
SILENT = pair([-1, -2, -0.5], [0, 0.5, 0.5])
KEEP = {"gradients": ("input",)}  # the target's gradient at t = 0 isn't the subject


def _cases():
    yield from elementwise_battery(_draw, weighted=False, reductions=REDUCTIONS_HERE)
    yield case("golden-mean", GOLDEN, "fixture", reduction="mean", near=0.118178)
    yield case("golden-batchmean", GOLDEN, "fixture", reduction="batchmean", near=0.236357)
    yield case("golden-sum", GOLDEN, "fixture", reduction="sum", near=0.472714)
    yield case("worked-none", WORKED, "fixture option", logInput=False, reduction="none")
    yield case(
        "worked-sum",
        WORKED,
        "fixture option",
        "0.4·ln 0.8 + 0.4·ln(4/3)",
        logInput=False,
        reduction="sum",
        near=0.0258154,
    )
    yield case(
        "worked-batchmean",
        WORKED,
        "option rank",
        "rank 1: divides by the classes",
        logInput=False,
        reduction="batchmean",
    )
    yield case("batchmean-rank-3", _draw(Draw("b3"), (2, 2, 3)), "rank reduction", reduction="batchmean")
    for name in REDUCTIONS_HERE:
        yield case(f"log-target-{name}", _logs(f"lt-{name}"), "option reduction", logTarget=True, reduction=name)
        probabilities = _probabilities(f"p-{name}")
        yield case(f"probabilities-{name}", probabilities, "option reduction", logInput=False, reduction=name)
    mixed = {"input": _probabilities("mixed")["input"], "target": _logs("mixed")["target"]}
    yield case("probabilities-log-target", mixed, "option", logInput=False, logTarget=True, reduction="none")
    yield case("equal-none", pair([0.25, 0.75], [0.25, 0.75]), "ordinary", "p = t: 0", logInput=False, reduction="none")
    near = pair([0.25, 0.5, 0.1], [0.2500000298023224, 0.4999999701976776, 0.10000000894069672])
    yield case("neighbours-none", near, "unstable", "p and t one rounding apart", logInput=False, reduction="none")
    for scale in (5, 20, 90, 700, 10000):
        far = {"input": Draw(f"x{scale}").uniform((4,), -scale, 0), "target": floats([1, 0.25, 1e-3, 0.5])}
        yield case(f"scale-{scale}-none", far, "extreme", reduction="none")
        yield case(
            f"scale-{scale}-log", _logs(f"l{scale}", (4,), scale), "extreme option", logTarget=True, reduction="none"
        )
    yield case(
        "tiny-probabilities-none",
        pair([1e-30, 0.5, 1e-6], [0.5, 1e-30, 1e-6]),
        "extreme",
        logInput=False,
        reduction="none",
    )
    yield case("positive-logs-none", pair([0.5, 2, 0.25], [0.5, 0.25, 2]), "ordinary", "not checked", reduction="none")
    yield case("target-0-none", SILENT, "saturated", "target 0 gives 0", reduction="none", **KEEP)
    yield case("target-0-mean", SILENT, "saturated", "counted all the same", reduction="mean", **KEEP)
    silent = pair([0.25, 0, 0.75], [0.5, 0, 0.5])
    yield case(
        "target-0-probability-0", silent, "saturated", "0 against 0", logInput=False, reduction="none", gradients=()
    )
    silent = pair([-1, -INF, -0.5], [0.5, 0, 0.5])
    yield case("target-0-infinity", silent, "infinity", "target 0 silences −∞", reduction="none", **KEEP)
    yield case("target-0-infinity-sum", silent, "infinity", reduction="sum", **KEEP)
    heard = pair([-1, -INF, -0.5], [0.5, 0.25, 0.25])
    yield case("input-infinity-none", heard, "infinity", "∞", reduction="none")
    yield case("input-infinity-mean", heard, "infinity", reduction="mean", **KEEP)
    impossible = pair([0.5, 0, 0.5], [0.5, 0.25, 0.25])
    yield case("probability-0-none", impossible, "infinity", "∞", logInput=False, reduction="none", gradients=())
    silent = pair([-1, -2, -0.5], [-0.5, -INF, -1])
    yield case("log-target-infinity", silent, "infinity option", "exp(−∞) gives 0", logTarget=True, reduction="none")
    yield case("nan-input-none", pair([NAN, -1], [0.5, 0.5]), "nan", reduction="none", gradients=())
    yield case("nan-target-none", pair([-2, -1], [NAN, 0.5]), "nan", reduction="none", gradients=("target",))
    yield case("nan-mean", pair([NAN, -1], [0.5, 0.5]), "nan", reduction="mean", gradients=())
    yield case(
        "target-negative",
        pair([-2, -1], [-0.5, 0.5]),
        "nan",
        "the log of a negative target",
        reduction="none",
        gradients=(),
    )
    empty = {"input": floats([], (0, 3)), "target": floats([], (0, 3))}
    yield case("empty-rows-batchmean", empty, "empty", reduction="batchmean")
    good = _draw(Draw("good"), (2, 3))
    yield error("UNKNOWN_INPUT", "error-weight", {**good, "weight": floats([1, 1, 1])}, "kl_div has no weights")
    yield error("BAD_OPTION", "error-log-target-text", good, logTarget="yes")


def _torch(F, x, t, o, **rest):
    return F.kl_div(x if o.logInput else x.log(), t, log_target=o.logTarget, **rest)


ZERO = Known(
    "0·∞ gives NaN; a target of 0 gives 0",
    ("torch", "optax"),
    lambda case: 0.0 in case.inputs["target"].data or "infinity" in case.flags,
)

LOSS = Loss(
    id="klDiv",
    paper="Kullback & Leibler, On Information and Sufficiency, 1951; torch.nn.functional.kl_div",
    defaults={"logInput": True, "logTarget": False},
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[
        elementwise_torch("nn.functional.kl_div", _torch, [ZERO]),
        array_check(
            "scipy",
            "special.rel_entr",
            lambda m, t, o: m.special.rel_entr(t["target"], t["input"]),
            lambda case: case.options == {"logInput": False, "reduction": "none"},
        ),
        jax_check(
            "optax",
            "kl_divergence",
            lambda m, jnp, t, o: m.kl_divergence(t["input"], t["target"]).sum(),
            lambda case: case.options == {"reduction": "sum"},
            [ZERO],
        ),
        jax_check(
            "optax",
            "losses.kl_divergence_with_log_targets",
            lambda m, jnp, t, o: m.losses.kl_divergence_with_log_targets(t["input"], t["target"]).sum(),
            lambda case: case.options == {"reduction": "sum", "logTarget": True},
        ),
    ],
)
