"""What the negative log-likelihoods of an error with a given width share: floor, cases."""

from .batteries import INF, NAN, elementwise_battery
from .cases import Draw, case, error
from .conventions import constant
from .numbers import mpf
from .regression import pair
from .tensors import floats


def floored(width, eps):
    """max(width, eps) whose floor does not stop the gradient, as torch has it."""
    return width + constant(max(width, mpf(eps)) - width)


def density_cases(width):
    """Cases of input, target and the input `width` (a variance, a scale)."""

    def three(x, y, v):
        return {**pair(x, y), width: floats(v)}

    def draw(d, shape):
        return {"input": d.normal(shape, 1.5), "target": d.normal(shape, 1.5), width: d.uniform(shape, 0.25, 3)}

    yield from elementwise_battery(draw, weighted=False, masked=True)
    for label, shape in {"lower-rank": (3,), "unit-axis": (2, 1), "scalar": (), "outer-unit": (1, 3)}.items():
        d = Draw(f"width-{label}")
        own = {**draw(d, (2, 3)), width: d.uniform(shape, 0.25, 3)}
        yield case(f"width-{label}-none", own, "ordinary", f"{width} repeats", reduction="none")
        yield case(f"width-{label}-mean", own, "reduction", f"{width} repeats", reduction="mean")
    zero = three([1, 0.5, 0.25], [0, 0.5, 1], [0, 0, 1e-20])
    yield case("width-0-none", zero, "kink", f"{width} 0: eps", reduction="none")
    yield case("eps-tenth-none", three([1, 0.5], [0, 1], [0.05, 0.2]), "option", eps=0.1, reduction="none")
    yield case("eps-quarter-edge", three([1, 0.5], [0, 1], [0.25, 0.5]), "option kink", eps=0.25, reduction="none")
    for scale in (5, 20, 90, 700, 10000):
        d = Draw(f"scale-{scale}")
        far = {"input": d.normal((5,), scale), "target": d.normal((5,), scale)}
        far[width] = d.uniform((5,), 0.05, scale)
        yield case(f"scale-{scale}-none", far, "extreme", reduction="none")
    yield case("narrow-none", three([1, -700, 90], [0, 700, 91], [1e-4, 1e-5, 1e-3]), "extreme", reduction="none")
    yield case("wide-none", three([1, -700, 90], [0, 700, 91], [1e10, 1e20, 1e30]), "extreme", reduction="none")
    near = three([1.0000001, 1000.00006], [1, 1000], [1, 0.5])
    yield case("neighbours-none", near, "unstable", "targets one rounding away", reduction="none")
    yield case("equal-none", three([0, 1.5, -2], [0, 1.5, -2], [1, 0.5, 2]), "kink", "error 0", reduction="none")
    yield case("infinite-input-none", three([INF, 1], [0, -INF], [1, 2]), "infinity", reduction="none", gradients=())
    yield case("nan-input-none", three([NAN, 1], [0, 0.25], [1, 1]), "nan", reduction="none", gradients=())
    yield case("nan-target-mean", three([0, 1], [0, NAN], [1, 1]), "nan", reduction="mean", gradients=())
    good = draw(Draw("good"), (2, 3))
    negative = three([1, 2], [0, 2], [0.5, -2])
    yield error("VALUE_OUT_OF_DOMAIN", "error-negative", negative, f"{width} must be >= 0")
    yield error("VALUE_OUT_OF_DOMAIN", "error-nan", three([1, 2], [0, 2], [0.5, NAN]), f"{width} must be >= 0")
    yield error("MISSING_INPUT", "error-no-width", {n: t for n, t in good.items() if n != width})
    yield error("SHAPE_MISMATCH", "error-width-shape", {**good, width: floats([1, 2])})
    yield error("BAD_OPTION", "error-eps-zero", good, "eps must be > 0", eps=0)
    yield error("BAD_OPTION", "error-eps-negative", good, "eps must be > 0", eps=-1)
