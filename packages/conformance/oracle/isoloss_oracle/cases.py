"""Cases: what a loss file lists, and the small tools to write them shortly."""

import random
from dataclasses import dataclass, field
from types import SimpleNamespace

from .numbers import INF, NAN
from .tensors import Tensor, floats

CONVENTION_FLAGS = {"kink", "tie"}
"""A case whose numbers rest on a choice at an exact tie carries one of these."""


@dataclass(frozen=True)
class Case:
    key: str  # stable for ever: the ledger gives it an id
    inputs: dict
    options: dict = field(default_factory=dict)
    flags: tuple = ("ordinary",)
    comment: str = ""
    gradients: tuple | None = None  # inputs whose gradient is stated; None: every float input
    error: str | None = None
    near: object | None = None  # a published value, flat, checked to 1e-5
    near_gradient: dict | None = None


def case(key, inputs, flags="ordinary", comment="", *, gradients=None, near=None, near_gradient=None, **options):
    """A case with a numeric expectation. Keyword arguments beyond the named ones are the loss's options."""
    return Case(key, inputs, options, tuple(flags.split()), comment, gradients, None, near, near_gradient)


def error(code, key, inputs, comment="", **options):
    """A case that must be refused with `code`."""
    return Case(key, inputs, options, ("error",), comment, error=code)


def parse_options(defaults, options):
    """Options as the formula reads them: defaults filled in, "Infinity" and "NaN" as numbers."""
    words = {"Infinity": INF, "-Infinity": -INF, "NaN": NAN}
    values = {"reduction": "mean", **defaults, **options}
    return SimpleNamespace(**{k: words.get(v, v) if isinstance(v, str) else v for k, v in values.items()})


class Draw:
    """Seeded random tensors. One Draw a case, so that cases don't shift one another."""

    def __init__(self, key):
        self._random = random.Random(key)

    def normal(self, shape, scale=1.0):
        return self._fill(shape, lambda: self._random.gauss(0, scale))

    def uniform(self, shape, low=0.0, high=1.0):
        return self._fill(shape, lambda: self._random.uniform(low, high))

    def integers(self, shape, below):
        return self._fill(shape, lambda: self._random.randrange(below), "int32")

    def bits(self, shape, probability=0.5):
        return self._fill(shape, lambda: float(self._random.random() < probability))

    def mask(self, shape, probability=0.7):
        return self._fill(shape, lambda: self._random.random() < probability, "bool")

    def probabilities(self, shape, axis=-1):
        """Softmax of normals along an axis, rounded to float32: sums to 1 nearly."""
        from .blocks import ClassRows

        data = [self._random.expovariate(1.0) + 0.05 for _ in range(_size(shape))]
        rows = ClassRows(tuple(shape), axis)
        for n in range(len(rows)):
            row = rows.row(n)
            total = sum(data[i] for i in row)
            for i in row:
                data[i] /= total
        return floats(data, shape)

    def _fill(self, shape, one, dtype="float32"):
        data = [one() for _ in range(_size(shape))]
        return floats(data, shape) if dtype == "float32" else Tensor(dtype, tuple(shape), tuple(data))


def _size(shape):
    size = 1
    for n in shape:
        size *= n
    return size
