"""The honest path: the whole loss as one function of all its float inputs, differenced without any structure.

Run on small cases to check blocks.py, reductions.py and the scatter of gradients, which all other cases rely on.
"""

from dataclasses import replace

from .conventions import Choices
from .differences import STEP
from .numbers import divide, is_finite, mpf

LARGEST = 9
"""Float elements up to which a case is checked this way."""


def _whole(unreduced, reduction, inputs):
    """sum(value), or the numerator for `partial`, from a fresh cut of the displaced inputs into blocks."""
    blocks = [b for b in unreduced.blocks if b is not None]
    values = [b.formula([inputs[n].data[i] for n, i in b.places]) for b in blocks]
    if reduction in ("none", "sum"):
        return sum(values, mpf(0))
    top = sum((b.share * v for b, v in zip(blocks, values)), mpf(0))
    if reduction == "partial":
        return top
    counts = [b.counts for b in blocks] if unreduced.divisor is None else [unreduced.divisor]
    return divide(top, sum((inputs[c[0]].data[c[1]] if isinstance(c, tuple) else mpf(c) for c in counts), mpf(0)))


def check(loss, inputs, options, expected):
    """Raises if a gradient of `expected` differs from plain differences of the whole loss."""
    names = [n for n, t in inputs.items() if t.is_float]
    point = {n: [mpf(x) for x in inputs[n].data] for n in names}
    if sum(map(len, point.values())) > LARGEST or not all(is_finite(x) for xs in point.values() for x in xs):
        return False
    if not all(is_finite(x) for o in expected.gradients.values() for x in o.data) or loss.states_slopes:
        return False
    choices = Choices()

    def total(name=None, i=0, step=0):
        moved = dict(inputs)
        for n in names:
            data = list(point[n])
            if n == name:
                data[i] += step
            moved[n] = replace(inputs[n], data=tuple(data))
        with choices.recording() if name is None else choices.repeating():
            return _whole(loss.unreduced(moved, options), options.reduction, moved)

    if not is_finite(total()):
        return False
    for name, output in expected.gradients.items():
        for i, x in enumerate(output.data):
            plain = (total(name, i, STEP) - total(name, i, -STEP)) / (2 * STEP)
            if abs(plain - x) > mpf(10) ** -80 * max(1, abs(x)):
                raise AssertionError(f"{name}[{i}]: blocks give {float(x)}, plain differences {float(plain)}")
    return True
