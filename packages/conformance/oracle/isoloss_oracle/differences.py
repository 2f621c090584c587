"""First and second derivatives of a multi-precision formula, by central differences.

With 600 digits and a step h = 1e-120, the quotient (f(x+h) − f(x−h)) / 2h has a truncation error of about 1e-240
relative and a rounding error of 1e-480·|f|: zero, in double precision, even for a gradient of 1e-300 beside a value
of 1e4. A slope that small, and one whose step leaves the formula's domain (a step of 1e-120 from a probability of
e^-700), is taken with ever finer steps, in ever more digits, until two agree. Choices at kinks are frozen at
the point (conventions.py). A formula that branches behind the back of that module is found out by its second
difference, which at a kink is of the order of h instead of h².
"""

from collections.abc import Callable
from dataclasses import dataclass

from .conventions import Choices
from .numbers import INF, NAN, is_finite, mp, mpf

STEP = mpf(10) ** -120
SMOOTH = mpf(10) ** -60
FINER = [(180, 600), (700, 1800), (6000, 13000), (30000, 62000)]
"""Steps and the digits that they need, as powers of ten."""
DOUBTFUL = mpf(10) ** -150
"""A slope this small may be the truncation error of a zero: it is taken again with finer steps."""
NEGLIGIBLE = mpf(10) ** -340
FAR = mpf(10) ** 40
"""Stands for ∞ where a derivative is the limit at an infinite input."""


class Kink(Exception):
    """A formula is not smooth at the point and didn't say so through conventions.py."""


@dataclass
class Derivatives:
    value: object
    gradient: list | None = None
    second: dict | None = None  # {(i, j): ∂²f/∂xᵢ∂xⱼ} for every j and every i with a finite xᵢ ≠ 0
    ties: int = 0


def differentiate(formula: Callable, point: list, slopes: Callable = None) -> Derivatives:
    """Value, gradient and second derivatives of `formula(list) -> number` at `point`.

    `slopes(list) -> list` replaces the gradient where a convention states one that is not the derivative.
    """
    choices = Choices()
    with choices.recording():
        value = mpf(formula(list(point)))
    if any(x != x for x in point) or value != value:
        return Derivatives(value, [NAN] * len(point), {}, choices.ties)
    if slopes:
        return _from_slopes(value, slopes, point, choices.ties)
    if all(is_finite(x) for x in point):
        return _finite(formula, point, choices, value)
    near, far = (_finite(formula, [_replace(x, size) for x in point], choices) for size in (FAR, 10 * FAR))
    gradient = [_limit(a, b) for a, b in zip(near.gradient, far.gradient)]
    finite = {i for i, x in enumerate(point) if is_finite(x)}
    return Derivatives(value, gradient, {ij: d for ij, d in near.second.items() if ij[0] in finite}, choices.ties)


def _replace(x, size):
    return x if is_finite(x) else size if x > 0 else -size


def _limit(near, far):
    if abs(far) > SMOOTH**-0.5:
        return INF if far > 0 else -INF
    return mpf(0) if abs(far) < SMOOTH**0.5 and abs(far) < abs(near) else far


def _step(x, unit=STEP):
    return unit * (min(abs(x), mpf(1)) if x else 1)


def _finer(f, i, x, before):
    """The slope by finer and finer steps, once two of them agree."""
    for power, digits in FINER:
        with mp.workdps(digits):
            h = _step(x, mpf(10) ** -power)
            slope = (f((i, h)) - f((i, -h))) / (2 * h)
            if abs(slope - before) <= SMOOTH * abs(slope) or (abs(slope) < NEGLIGIBLE and abs(before) < NEGLIGIBLE):
                return slope
        before = slope
    if before != before:
        raise Kink(f"no step is small enough for input {i} at {float(x)}")
    return before


def _clean(x):
    return x if abs(x) > NEGLIGIBLE else mpf(0)


def _finite(formula, point, choices, value=None):
    def f(*moves):
        moved = list(point)
        for i, step in moves:
            moved[i] += step
        with choices.repeating():
            return mpf(formula(moved))

    middle = f() if value is None else value
    steps = [_step(x) for x in point]
    if not is_finite(middle):  # ln 0 and the like: an infinite value at a finite point
        return Derivatives(middle, [NAN] * len(point), {}, choices.ties)
    above = [f((i, h)) for i, h in enumerate(steps)]
    below = [f((i, -h)) for i, h in enumerate(steps)]
    gradient = []
    for i, h in enumerate(steps):
        slope = (above[i] - below[i]) / (2 * h)
        bend = (above[i] - 2 * middle + below[i]) / h
        if abs(bend) > SMOOTH * max(1, abs(slope)):  # a NaN is no kink: see _finer
            raise Kink(
                f"it has a kink at its input {i} = {float(point[i])}, and chose a side by itself: "
                "let it choose through isoloss_oracle.conventions (absolute, relu, at_most, maximum, …)"
            )
        if slope != slope or 0 < abs(slope) < DOUBTFUL:
            slope = _finer(f, i, point[i], slope)
        gradient.append(_clean(slope))
    second = {}
    movable = [i for i, x in enumerate(point) if x != 0]
    varying = [i for i in range(len(point)) if above[i] != middle or below[i] != middle]
    for i in movable:
        for j in varying:
            if (j, i) in second:
                second[i, j] = second[j, i]
            elif i == j:
                second[i, i] = _clean((above[i] - 2 * middle + below[i]) / steps[i] ** 2)
            elif i in varying:
                together = f((i, steps[i]), (j, steps[j])) + f((i, -steps[i]), (j, -steps[j]))
                apart = above[i] + below[i] + above[j] + below[j] - 2 * middle
                second[i, j] = _clean((together - apart) / (2 * steps[i] * steps[j]))
    return Derivatives(middle, gradient, second, choices.ties)


def _from_slopes(value, slopes, point, ties):
    choices = Choices()
    with choices.recording():
        gradient = [mpf(g) for g in slopes(list(point))]
    second = {}
    for i, x in enumerate(point):
        if x == 0 or not is_finite(x):
            continue
        moved, h = [], _step(x)
        for step in (h, -h):
            with choices.repeating():
                moved.append(slopes(point[:i] + [x + step] + point[i + 1 :]))
        for j in range(len(point)):
            second[i, j] = _clean((moved[0][j] - moved[1][j]) / (2 * h))
    return Derivatives(value, gradient, second, ties + choices.ties)
