"""Numbers: multi-precision inside, correctly rounded double-double and shortest decimals outside."""

import math
from functools import lru_cache

import numpy
from mpmath import mp, mpf

DIGITS = 600
"""Working precision. Enough that ln(1 + e^-700) keeps its digits after two differences (see differences.py)."""

mp.dps = DIGITS
mp.pretty = False

INF = mpf("inf")
NAN = mpf("nan")
LARGEST_FLOAT32 = 3.4028235677973366e38


@lru_cache(maxsize=200_000)
def exp(x):
    """e^x; cached, since differences change one argument at a time."""
    return mp.exp(x)


def log(x):
    """ln x, with ln 0 = -∞ and NaN below 0 (mpmath would go complex)."""
    if x != x or x < 0:
        return NAN
    return -INF if x == 0 else mp.log(x)


def is_finite(x):
    return bool(mp.isfinite(x))


def divide(numerator, denominator):
    """IEEE division: mpmath raises where a float gives ∞ or NaN."""
    if denominator == 0:
        if numerator == 0 or numerator != numerator:
            return NAN
        return INF if numerator > 0 else -INF
    return numerator / denominator


def to_double(x):
    """(high, low): the nearest float64 and the float64 nearest to the remainder."""
    high = float(x)
    if not math.isfinite(high):
        return high, 0.0
    low = float(mpf(x) - mpf(high)) if high else 0.0
    return high + 0.0, low + 0.0  # + 0.0: the oracle doesn't know a negative zero


def to_float32(x):
    """x rounded to float32, as a Python float."""
    with numpy.errstate(over="ignore"):
        return float(numpy.float32(x))


def json_number(x, float32=False):
    """Shortest round-trip decimal as a JSON token, or the string that stands for what JSON lacks."""
    if isinstance(x, bool):
        return "true" if x else "false"
    if isinstance(x, int):
        return str(x)
    if math.isnan(x):
        return '"NaN"'
    if math.isinf(x):
        return '"Infinity"' if x > 0 else '"-Infinity"'
    if x == 0:
        return '"-0"' if math.copysign(1, x) < 0 else "0"
    if x == int(x) and abs(x) < 1e15:
        return str(int(x))
    text = str(numpy.float32(x)) if float32 else repr(x)
    mantissa, _, exponent = text.partition("e")
    mantissa = mantissa.removesuffix(".0")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def six_digits(x):
    """x with 6 significant digits: what a sensitivity is stored with."""
    return float(f"{float(x):.6g}")
