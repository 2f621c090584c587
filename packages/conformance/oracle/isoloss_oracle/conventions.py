"""What a loss means at its kinks, in one place (design convention 2), for every formula.

A formula makes each choice that depends on its numbers (which piece, which sign, which order) through this module.
`Choices` records the choices made at the point of a case and repeats them at the displaced points that the
differences need. So a difference quotient never crosses a kink: it differentiates the piece that the convention
names at the point, e.g. |x| at 0 is 0·x. A choice that was made at an exact tie is noted.
"""

from contextlib import contextmanager

from mpmath import mp

from .numbers import INF, NAN, is_finite, log


class Choices:
    """The choices of one evaluation, in order."""

    def __init__(self):
        self.made = []
        self.ties = 0
        self._next = None

    @contextmanager
    def recording(self):
        global _current
        _current, outer = self, _current
        try:
            yield self
        finally:
            _current = outer

    @contextmanager
    def repeating(self):
        global _current
        self._next, (_current, outer) = 0, (self, _current)
        try:
            yield self
        finally:
            assert self._next == len(self.made), "a formula made fewer choices than at its point"
            _current, self._next = outer, None

    def take(self, choice, tie):
        if self._next is None:
            self.made.append(choice)
            self.ties += bool(tie)
            return choice
        self._next += 1
        return self.made[self._next - 1]


_current = None


def decide(choice, tie=False):
    """The choice made at the point of the case; `tie` says that two pieces meet exactly there."""
    return choice if _current is None else _current.take(choice, tie)


def constant(x):
    """stopGradient: the number at the point."""
    return decide(x)


def absolute(x):
    """|x| with derivative 0 at 0."""
    sign = decide(NAN if x != x else (x > 0) - (x < 0), tie=x == 0)
    return sign * x


def relu(x):
    """max(x, 0) with derivative 0 at 0; NaN stays NaN."""
    return mp.mpf(0) if decide(bool(x <= 0), tie=x == 0) else x


def at_most(a, b):
    """a <= b; the piece on this side owns the derivative at equality."""
    return decide(bool(a <= b), tie=a == b)


def less(a, b):
    """a < b; the piece of b <= a owns the derivative at equality."""
    return decide(bool(a < b), tie=a == b)


def maximum(values):
    """The largest; equal ones share the derivative equally. NaN wins."""
    if any(v != v for v in values):
        decide(None)
        return NAN
    top = max(values)
    chosen = decide([i for i, v in enumerate(values) if v == top], tie=sum(v == top for v in values) > 1)
    return sum(values[i] for i in chosen) / len(chosen)


def minimum(values):
    """The smallest; equal ones share the derivative equally."""
    return -maximum([-v for v in values])


def order(values):
    """Indices of a stable ascending sort; the derivative follows this permutation."""
    ascending = sorted(range(len(values)), key=lambda i: values[i])
    return decide(ascending, tie=len({mp.mpf(v) for v in values}) < len(values))


def norm(values, p=2):
    """(Σ|v|^p)^(1/p), the maximum for p = ∞; derivative 0 at the zero vector."""
    if decide(all(v == 0 for v in values), tie=all(v == 0 for v in values)):
        return mp.mpf(0)
    if p == 2:
        return mp.sqrt(sum(v * v for v in values))
    sizes = [absolute(v) for v in values]
    if p == INF:
        return maximum(sizes)
    if p == 1:
        return sum(sizes)
    return power_sum(sizes, p) ** (1 / mp.mpf(p))


def power_sum(sizes, p):
    """Σ s^p of sizes >= 0; a size of 0 contributes 0 with derivative 0."""
    return sum(size**p if decide(bool(size != 0)) else mp.mpf(0) for size in sizes)


def weigh(weight, x):
    """weight·x where a weight of 0 (a probability, a label) silences an infinite x, derivative included."""
    return mp.mpf(0) if decide(bool(weight == 0 and not is_finite(x) and x == x)) else weight * x


def xlogy(x, y):
    """x·ln y with 0·ln y = 0 and derivative 0 in x there."""
    return mp.mpf(0) if decide(bool(x == 0 and y == y), tie=x == 0) else x * log(y)
