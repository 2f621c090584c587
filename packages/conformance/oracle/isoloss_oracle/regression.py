"""What the losses of a difference share: their cases and their cross-checks."""

import importlib
from dataclasses import replace

from . import libraries
from .batteries import INF, NAN, REDUCTIONS, elementwise_battery
from .blocks import elementwise
from .cases import Draw, case
from .crosscheck import Known, array_check, elementwise_torch, jax_check, torch_check
from .loss import Loss
from .tensors import floats


def pair(x, y):
    return {"input": floats(x), "target": floats(y)}


def _draw(draw, shape):
    return {"input": draw.normal(shape, 1.5), "target": draw.normal(shape, 1.5)}


def kinks_at_zero(cases):
    """The same cases, flagged where an input is 0 and |·| of it stands in the formula."""
    at_zero = lambda c: not c.error and 0.0 in c.inputs["input"].data + c.inputs["target"].data  # noqa: E731
    return [replace(c, flags=(*c.flags, "kink")) if at_zero(c) and "kink" not in c.flags else c for c in cases]


def difference_loss(name, paper, formula, own=(), defaults=None, checks=(), cases=None):
    """A weighted loss of one input and one target: `formula(x, y, options)`."""
    return Loss(
        id=name,
        paper=paper,
        defaults=defaults or {},
        unreduced=lambda inputs, o: elementwise(inputs, lambda x, y: formula(x, y, o), mean_over="weights"),
        cases=[*(regression_cases() if cases is None else cases), *own],
        checks=list(checks),
    )


def good_request():
    return _draw(Draw("good"), (2, 3))


HUGE = pair([1e25, -1e25, 1e19, 1e19], [0, 1, -1e19, 0])


def huge_cases(**options):
    """For losses that grow at most linearly: they stay in range though the square of the error does not."""
    return [
        case("huge-error-none", HUGE, "extreme unstable", "e² overflows a float32", reduction="none", **options),
        case("huge-error-mean", HUGE, "extreme unstable", "e² overflows a float32", reduction="mean", **options),
    ]


def positive(draw, shape):
    """Input and target above 0."""
    return {"input": draw.uniform(shape, 0.25, 4), "target": draw.uniform(shape, 0.25, 4)}


def positive_cases(**options):
    """For losses of positive amounts."""
    cases = list(elementwise_battery(positive))
    for scale in (5, 20, 90, 700, 10000):
        draw = Draw(f"scale-{scale}")
        far = {"input": draw.uniform((4,), 0.1, scale), "target": draw.uniform((4,), 0.1, scale)}
        cases.append(case(f"scale-{scale}-none", far, "extreme", reduction="none"))
    near = pair([1.0000001192092896, 1000.0000610351562, 3.5], [1, 1000, 3.500000238418579])
    cases += [
        case("equal-none", pair([0.5, 1, 3], [0.5, 1, 3]), "kink", "target met: 0", reduction="none"),
        case("neighbours-none", near, "unstable", "targets one rounding away", reduction="none"),
        case("near-none", pair([1.001, 250.25, 3e-5], [1, 250, 3.01e-5]), "unstable", reduction="none"),
        case("small-input-none", pair([1e-6, 1e-10, 3e-4], [1, 2, 1e4]), "extreme", reduction="none"),
        case("small-target-none", pair([1, 2, 1e4], [1e-6, 1e-10, 3e-4]), "extreme", reduction="none"),
        case("nan-input-none", pair([NAN, 1], [1, 0.25]), "nan", reduction="none", gradients=()),
        case("nan-target-none", pair([2, 1], [NAN, 0.25]), "nan", reduction="none", gradients=()),
        case("nan-mean", pair([NAN, 1], [1, 0.25]), "nan", reduction="mean", gradients=()),
    ]
    return cases


def regression_cases(reductions=REDUCTIONS, slopes_at_infinity=True):
    """`slopes_at_infinity` says whether the gradients at infinite inputs are the subject."""
    slopes = {} if slopes_at_infinity else {"gradients": ()}
    cases = list(elementwise_battery(_draw, reductions=reductions))
    for scale in (5, 20, 90, 700, 10000):
        draw = Draw(f"scale-{scale}")
        hard = {"input": draw.normal((5,), scale), "target": floats([scale, -scale, 0, scale, -scale])}
        cases.append(case(f"scale-{scale}-none", hard, "extreme", reduction="none"))
    near = pair([1.0000001192092896, 1000.0000610351562, -3.5], [1, 1000, -3.500000238418579])
    cases += [
        case("zero-error-none", pair([0, 1.5, -2], [0, 1.5, -2]), "kink", "error 0: slope 0", reduction="none"),
        case(
            "zero-error-mean", pair([0, 1.5, -2, 4], [0, 1.5, -2, 3.5]), "kink", "errors 0: slope 0", reduction="mean"
        ),
        case("neighbours-none", near, "unstable", "targets one rounding away", reduction="none"),
        case("tiny-error-none", pair([1e-6, -3e-7, 0], [0, 0, 2e-5]), "unstable", reduction="none"),
        case("one-large-sum", pair([1e6, 0.5, -0.25], [0, 0.25, 0.5]), "extreme", reduction="sum"),
        case("infinite-input-none", pair([INF, -INF, 1], [0, 1, 0.25]), "infinity", reduction="none", **slopes),
        case("infinite-input-mean", pair([INF, 1], [0, 0.25]), "infinity", reduction="mean", **slopes),
        case("infinite-target-none", pair([0.5, 1, 2], [INF, -INF, 0.25]), "infinity", reduction="none", **slopes),
        case("opposite-infinities-none", pair([INF, -INF], [-INF, INF]), "infinity", reduction="none", **slopes),
        case(
            "infinity-less-infinity-none",
            pair([INF, 1], [INF, 0.25]),
            "infinity nan",
            "∞ − ∞ is NaN",
            reduction="none",
            gradients=(),
        ),
        case("nan-input-none", pair([NAN, 1], [0, 0.25]), "nan", reduction="none", gradients=()),
        case("nan-target-none", pair([2, 1], [NAN, 0.25]), "nan", reduction="none", gradients=()),
        case("nan-mean", pair([NAN, 1], [0, 0.25]), "nan", reduction="mean", gradients=()),
        case(
            "nan-weight-zero-none",
            {**pair([NAN, 1], [0, 0.25]), "weight": floats([0, 2])},
            "nan weight",
            "weight 0 doesn't hide a NaN",
            reduction="none",
            gradients=(),
        ),
        case(
            "weights-all-zero-mean",
            {**pair([3, 1], [0, 0.25]), "weight": floats([0, 0])},
            "weight nan",
            "0/0, as torch",
            reduction="mean",
            gradients=(),
        ),
        case(
            "weights-cancel-mean",
            {**pair([3, 1], [0, 0.25]), "weight": floats([1, -1])},
            "weight infinity",
            "weights that sum to 0: x/0, as torch",
            reduction="mean",
            gradients=(),
        ),
    ]
    return cases


JAX_ABS = Known(
    "jax's derivative of |x| at 0 is 1 (jax issue 37820); the convention is 0", with_=("optax", "keras"), flags={"kink"}
)
TORCH_HUBER_WEIGHT = Known(
    "torch 2.13's huber_loss divides a weighted mean by the count, its l1_loss and mse_loss by the sum of weights",
    with_=("torch",),
    when=lambda case: "weight" in case.inputs and case.options.get("reduction", "mean") == "mean",
)


def _plain(case):
    finite = not {"nan", "infinity", "empty"} & set(case.flags)
    return finite and "mask" not in case.inputs and case.options.get("reduction") == "mean"


def sklearn_check(function, call, known=(), applies=lambda case: True):
    """A weighted mean of `sklearn.metrics`: `call(function, target, input, weights or None, options)`; value only."""

    def run(module, t, o):
        numpy = libraries.load("numpy")
        weights = numpy.broadcast_to(t["weight"], t["input"].shape).ravel() if "weight" in t else None
        metric = getattr(importlib.import_module("sklearn.metrics"), function)
        return call(metric, t["target"].ravel(), t["input"].ravel(), weights, o)

    return array_check(
        "scikit-learn",
        f"metrics.{function}",
        run,
        lambda case: _plain(case) and bool(case.inputs["input"].shape) and applies(case),
        known,
    )


def torchmetrics_check(function, call, known=(), applies=lambda case: True):
    """An unweighted mean of `torchmetrics.functional`: `call(function, input, target, options)`."""

    def run(F, t, o):
        module = libraries.load("torchmetrics").functional
        return call(getattr(module, function), t.input, t.target, o)

    plain = lambda case: _plain(case) and "weight" not in case.inputs and applies(case)  # noqa: E731
    return torch_check(f"functional.{function}", run, known, plain, library="torchmetrics")


def keras_check(function, known=(), applies=lambda case: True):
    """keras averages the last axis: it gets one of size 1."""
    plain = lambda case: (  # noqa: E731
        not {"weight", "mask"} & case.inputs.keys() and case.options.get("reduction") == "none" and applies(case)
    )

    def run(module, jnp, t, o):
        return getattr(module.losses, function)(t["target"][..., None], t["input"][..., None])

    return jax_check("keras", f"losses.{function}", run, plain, known)


def optax_check(function, known=()):
    """`function(input, target)` of optax."""

    def run(module, jnp, t, o):
        return getattr(module, function)(t["input"], t["target"])

    plain = lambda case: not {"weight", "mask"} & case.inputs.keys() and case.options.get("reduction") == "none"  # noqa: E731
    return jax_check("optax", function, run, plain, known)


def difference_checks(
    torch,
    function,
    known=(),
    keras=None,
    keras_options=None,
    optax=None,
    optax_function=None,
    scipy=None,
    scipy_function=None,
):
    """Cross-checks of a loss of input and target, elementwise."""
    checks = [elementwise_torch(function, torch, known)]
    plain = lambda case: not {"weight", "mask"} & case.inputs.keys() and case.options.get("reduction") == "none"  # noqa: E731
    if keras:
        checks.append(
            jax_check(
                "keras",
                f"losses.{keras}",
                # keras averages the last axis: give it one of size 1
                lambda module, jnp, t, o: getattr(module.losses, keras)(
                    t["target"][..., None], t["input"][..., None], **(keras_options(o) if keras_options else {})
                ),
                plain,
                known,
            )
        )
    if optax:
        checks.append(
            jax_check("optax", optax_function, lambda m, jnp, t, o: optax(m, t["input"], t["target"], o), plain, known)
        )
    if scipy:
        checks.append(
            array_check(
                "scipy",
                f"special.{scipy_function}",
                lambda m, t, o: scipy(m.special, t["input"], t["target"], o),
                plain,
                known,
            )
        )
    return checks
