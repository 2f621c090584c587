"""A loss of the oracle, and the making of its cases' expectations."""

from collections.abc import Callable
from dataclasses import dataclass, field

from . import generic
from .cases import CONVENTION_FLAGS, parse_options
from .numbers import LARGEST_FLOAT32, is_finite, six_digits, to_double
from .reductions import Expected, Output, reduce


@dataclass(frozen=True)
class Loss:
    id: str
    paper: str  # where the formula is from
    unreduced: Callable  # (inputs, options) -> Unreduced
    cases: list
    defaults: dict = field(default_factory=dict)  # the options' defaults, by catalogue name
    checks: list = field(default_factory=list)  # cross-checks against libraries
    differentiable: tuple | None = None  # None: every float input
    states_slopes: bool = False  # some gradients are stated by convention and aren't the derivative
    withdrawn: dict = field(default_factory=dict)  # key -> reason


def expect(loss, case) -> Expected | None:
    """The exact expectation of a case; None where it must be an error."""
    if case.error:
        return None
    options = parse_options(loss.defaults, case.options)
    names = [n for n, t in case.inputs.items() if t.is_float and n in (loss.differentiable or case.inputs)]
    if case.gradients is not None:
        assert set(case.gradients) <= set(names), f"{loss.id} {case.key}: no gradient for {case.gradients}"
        names = [n for n in names if n in case.gradients]
    expected = reduce(loss.unreduced(case.inputs, options), options.reduction, case.inputs, names)
    generic.check(loss, case.inputs, options, expected)
    _judge(loss, case, expected)
    return expected


def _judge(loss, case, expected):
    if expected.ties and names_convention(expected) and not CONVENTION_FLAGS & set(case.flags):
        raise AssertionError("it rests on a tie (two pieces meet at its point): give it the flag kink or tie")
    for output in [expected.value, *expected.gradients.values()]:
        if any(is_finite(x) and abs(x) > LARGEST_FLOAT32 for x in output.data):
            raise AssertionError("a value beyond float32")
    _near("value", case.near, expected.value)
    for name, wanted in (case.near_gradient or {}).items():
        _near(name, wanted, expected.gradients[name])


def names_convention(expected):
    return bool(expected.gradients)


def _near(what, wanted, output):
    if wanted is None:
        return
    wanted = wanted if isinstance(wanted, (list, tuple)) else [wanted]
    got = [float(x) for x in output.data]
    assert len(got) == len(wanted), f"{what} has {len(got)} elements"
    for a, b in zip(got, wanted):
        assert a == b or abs(a - b) <= 2e-5 * max(abs(b), 1e-3), f"{what} is {got}, published {wanted}"


def encode_output(output: Output):
    """An expected tensor as the vector files have it."""
    doubles = [to_double(x) for x in output.data]
    encoded = {"dtype": "float64", "shape": list(output.shape), "data": [high for high, _ in doubles]}
    if any(low for _, low in doubles):
        encoded["low"] = [low for _, low in doubles]
    encoded["sensitivity"] = [six_digits(s) for s in output.sensitivity]
    return encoded
