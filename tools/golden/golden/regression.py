"""What the losses of a difference share: their cases and their cross-checks."""

from .batteries import INF, NAN, elementwise_battery
from .cases import Draw, case
from .crosscheck import Known, array_check, elementwise_torch, jax_check
from .tensors import floats


def pair(x, y):
    return {"input": floats(x), "target": floats(y)}


def _draw(draw, shape):
    return {"input": draw.normal(shape, 1.5), "target": draw.normal(shape, 1.5)}


def regression_cases():
    cases = list(elementwise_battery(_draw))
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
        case("infinite-input-none", pair([INF, -INF, 1], [0, 1, 0.25]), "infinity", reduction="none"),
        case("infinite-input-mean", pair([INF, 1], [0, 0.25]), "infinity", reduction="mean"),
        case("infinite-target-none", pair([0.5, 1, 2], [INF, -INF, 0.25]), "infinity", reduction="none"),
        case("opposite-infinities-none", pair([INF, -INF], [-INF, INF]), "infinity", reduction="none"),
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
