"""Losses of log-probabilities of a chosen and a rejected answer under a model and a reference: cases and d."""

from .batteries import INF, NAN, REDUCTIONS, refused_requests
from .blocks import elementwise
from .cases import Draw, case, error
from .numbers import mpf
from .tensors import floats

NAMES = ("chosen", "rejected", "referenceChosen", "referenceRejected")


def preference_blocks(inputs, o, formula):
    """`formula(d, beta)` with d = (chosen − reference) − (rejected − reference)."""
    one = lambda w, l, rw, rl: formula((w - rw) - (l - rl), mpf(o.beta))  # noqa: E731, E741
    return elementwise(inputs, one, names=NAMES)


def answers(*columns):
    return {name: floats(column) for name, column in zip(NAMES, columns)}


def drawn(key, n=3, scale=1.0):
    draw = Draw(key)
    return {name: draw.normal((n,), scale) for name in NAMES}


def gap(*d):
    """Answers that differ by d alone."""
    return answers(list(d), [0] * len(d), [0] * len(d), [0] * len(d))


GOOD = drawn("good", 2)
FIXTURE = answers([-1, -2], [-2, -1.5], [-1.5, -1], [-1, -2])


def preference_cases(near, kink=None):
    """`near`: the loss at d = 1.5 with beta 0.1; `kink`: d at which the loss has none for beta 0.5."""
    flags = "fixture"
    yield case("fixture", FIXTURE, flags, "d = 1.5 and −1.5", reduction="none", near=near)
    for name in REDUCTIONS:
        yield case(f"reduce-{name}", drawn(f"reduce-{name}"), "ordinary reduction", reduction=name)
        yield case(f"empty-{name}", answers([], [], [], []), "empty", reduction=name)
    for beta in (0.01, 0.5, 1, 10, 0.3):
        yield case(f"beta-{beta}", drawn(f"beta-{beta}"), "option", beta=beta, reduction="none")
    for scale in (5, 20, 90, 700, 10000):
        yield case(f"scale-{scale}", drawn(f"scale-{scale}", 3, scale), "extreme", reduction="none")
        yield case(f"beta-1-scale-{scale}", drawn(f"b1{scale}", 3, scale), "extreme option", beta=1, reduction="none")
    yield case("no-gain", gap(0, 0), "ordinary", "d = 0", reduction="none")
    yield case("small-gain", gap(1e-6, -1e-7), "unstable", reduction="none")
    far = answers([-100.125], [-120.5], [-100], [-120.25])
    yield case("long-answers", far, "unstable", "small differences of large numbers", reduction="none")
    if kink is not None:
        yield case("kink", gap(kink, kink + 1, kink - 1), "kink", "the hinge", beta=0.5, reduction="none")
    yield case("nan", gap(NAN, 1), "nan", reduction="none", gradients=())
    yield case("infinite", gap(INF, 1), "infinity", "sure", reduction="none", gradients=())
    yield from refused_requests(GOOD, first="chosen")
    yield error("SHAPE_MISMATCH", "error-shape", {**GOOD, "rejected": floats([1, 2, 3])})
    yield error("RANK_MISMATCH", "error-rank", {**GOOD, "rejected": floats([[1, 2]])})
    yield error("BAD_OPTION", "error-beta", GOOD, beta=0)
    yield error("MISSING_INPUT", "error-no-reference", {n: GOOD[n] for n in NAMES[:3]})
