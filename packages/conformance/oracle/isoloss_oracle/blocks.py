"""An unreduced loss as blocks: one for each element of the value, a formula of the input elements that it depends on.

Most losses are separable, so that a block sees a few numbers (two for an elementwise loss, C for a softmax). That
structure is what keeps multi-precision second derivatives affordable; `generic.py` checks it against a path that
knows nothing of it. The helpers here cut tensors into blocks; a loss that couples everything has a single block.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from .tensors import broadcast_index, coordinates, strides

Place = tuple  # (input name, flat index)


@dataclass(frozen=True)
class Block:
    """One element of the unreduced value. None in its place: masked, exactly 0 and not counted."""

    formula: Callable  # list of numbers -> number
    places: list  # where the numbers come from
    share: object = 1  # its factor in the numerator of the mean
    counts: int | Place = 1  # its part of the normalizer of the mean: a number, or an input's element
    slopes: Callable | None = None  # a gradient stated by convention


@dataclass(frozen=True)
class Unreduced:
    shape: tuple
    blocks: list
    divisor: int | Place | None = None  # replaces the sum of `counts`


def is_masked(inputs, coordinate):
    mask = inputs.get("mask")
    return mask is not None and not mask.data[broadcast_index(mask.shape, coordinate)]


def elementwise(inputs, formula, names=("input", "target"), mean_over="count", slopes=None):
    """Blocks of `formula(*elements)`, times `weight` if given.

    The first name gives the shape, the others broadcast to it; an absent optional one is passed as None.
    `mean_over` is "weights" (regression: Σw·l/Σw) or "count". `slopes(*elements)` may state the formula's gradient
    by convention, or return None where the derivative holds.
    """
    shape = inputs[names[0]].shape
    present = [name for name in names if name in inputs]
    blocks = []
    for at in coordinates(shape):
        if is_masked(inputs, at):
            blocks.append(None)
            continue
        places = [(name, broadcast_index(inputs[name].shape, at)) for name in present]
        weight = ("weight", broadcast_index(inputs["weight"].shape, at)) if "weight" in inputs else None
        pick = _picker(names, present)
        stated = slopes and _weighted_slopes(formula, slopes, pick, inputs, places, weight)
        blocks.append(
            Block(
                _weighted(lambda numbers, pick=pick: formula(*pick(numbers)), weight),
                places + [weight] if weight else places,
                counts=weight if weight and mean_over == "weights" else 1,
                slopes=stated,
            )
        )
    return Unreduced(shape, blocks)


def _picker(names, present):
    return lambda numbers: [numbers[present.index(n)] if n in present else None for n in names]


def _weighted(formula, weight):
    return (lambda numbers: numbers[-1] * formula(numbers[:-1])) if weight else formula


def _weighted_slopes(formula, slopes, pick, inputs, places, weight):
    from .numbers import mpf

    point = [mpf(inputs[name].data[i]) for name, i in places]
    if slopes(*pick(point)) is None:
        return None
    if not weight:
        return lambda numbers: slopes(*pick(numbers))

    def weighted(numbers):
        *own, w = numbers
        return [w * s for s in slopes(*pick(own))] + [formula(*pick(own))]

    return weighted


class ClassRows:
    """A tensor cut along its class axis: rank 1 is C alone, rank 2 and up have the class on `axis`."""

    def __init__(self, shape, axis):
        self.axis = 0 if len(shape) == 1 else axis % len(shape)
        self.classes = shape[self.axis]
        self.shape = shape[: self.axis] + shape[self.axis + 1 :]
        self._strides = strides(shape)
        self.coordinates = list(coordinates(self.shape))

    def __len__(self):
        return prod(self.shape)

    def row(self, n):
        """The flat indices of row n's classes."""
        at = self.coordinates[n]
        full = at[: self.axis] + (0,) + at[self.axis :]
        base = sum(i * step for i, step in zip(full, self._strides))
        return [base + c * self._strides[self.axis] for c in range(self.classes)]


def places(name, indices):
    return [(name, i) for i in indices]


def last_axis(shape, n):
    """The flat indices of the n-th row along the last axis."""
    return list(range(n * shape[-1], (n + 1) * shape[-1]))
