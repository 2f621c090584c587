"""Asymmetric loss: −t·(1−p)^γ₊·ln p − (1−t)·pₘ^γ₋·ln(1−pₘ), pₘ = max(p − clip, 0), Ridnik et al. 2021.

p is the logit's sigmoid; the logarithms' arguments are at least eps; detachFocal stops the powers' gradient.
"""

from isoloss_oracle.binary import logit_cases, pair, softplus
from isoloss_oracle.blocks import elementwise
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import at_most, constant, decide, relu
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import exp, log, mpf


def power(x, exponent):
    return mpf(1) if exponent == 0 else mpf(0) if decide(bool(x == 0)) else exp(exponent * log(x))


def safe_log(x, eps):
    """ln max(x, eps); at the floor the slope is that of the floor."""
    return log(eps) if at_most(x, eps) else log(x)


def formula(x, t, o):
    eps = mpf(o.eps)
    hold = constant if o.detachFocal else lambda v: v
    p, rest = exp(-softplus(-x)), exp(-softplus(x))  # σ(x), 1 − σ(x)
    shifted = relu(p - mpf(o.clip))
    remaining = rest + mpf(o.clip) if decide(bool(shifted > 0)) else mpf(1)
    right = hold(power(rest, mpf(o.gammaPositive))) * safe_log(p, eps)
    wrong = hold(power(shifted, mpf(o.gammaNegative))) * safe_log(remaining, eps)
    return -t * right - (1 - t) * wrong


def _draw(draw, shape):
    return {"input": draw.normal(shape, 2), "target": draw.bits(shape)}


PLAIN = _draw(Draw("plain"), (2, 3))
GRADIENTS = pair([[1, -1]], [[1, 0]])
HARD = pair([5, -5, 15, -15, 30, -30, 90, -90, 700], [0, 1, 0, 1, 0, 1, 0, 1, 0])
EASY = pair([5, -5, 15, -15, 30, -30, 90, -90, 700], [1, 0, 1, 0, 1, 0, 1, 0, 1])


def _own():
    yield case("detached", PLAIN, "option", detachFocal=True, reduction="none")
    yield case("detached-sum", PLAIN, "option reduction", "as the authors' code", detachFocal=True, reduction="sum")
    for gamma in (0, 0.5, 1, 2.5):
        yield case(f"negative-{gamma}", PLAIN, "option", gammaNegative=gamma, reduction="none")
        yield case(f"positive-{gamma}", PLAIN, "option", gammaPositive=gamma, reduction="none")
    yield case(
        "bce", PLAIN, "option", "binary cross-entropy", gammaNegative=0, gammaPositive=0, clip=0, reduction="none"
    )
    for clip in (0, 0.001, 0.5, 0.9):
        yield case(f"clip-{clip}", PLAIN, "option", clip=clip, reduction="none")
    for label, hard in {"wrong": HARD, "right": EASY}.items():
        yield case(f"{label}-clip-0", hard, "extreme option", clip=0, eps=1e-4, reduction="none")
        yield case(
            f"{label}-gammas-0", hard, "extreme option", clip=0, gammaNegative=0, gammaPositive=0, reduction="none"
        )
        yield case(f"{label}-detached", hard, "extreme option", detachFocal=True, reduction="none")
    yield case("eps", HARD, "option", "the logarithms' floor", eps=0.01, clip=0, reduction="none")
    yield case("soft-targets", {**PLAIN, "target": Draw("soft").uniform((2, 3))}, "ordinary", reduction="none")
    below = pair([-4, -3, -10, -90], [0, 0, 0, 0])
    yield case("below-clip", below, "saturated", "probabilities below the clip: 0", reduction="none")
    edge = pair([0, 0.25], [0, 0])
    yield case("clip-edge", edge, "kink option", "p = clip: slope 0", clip=0.5, reduction="none")
    yield error("BAD_OPTION", "error-clip-1", PLAIN, "clip must be in [0, 1)", clip=1)
    yield error("BAD_OPTION", "error-gamma", PLAIN, "gammas must be >= 0", gammaNegative=-1)
    yield error("BAD_OPTION", "error-eps", PLAIN, "eps must be > 0", eps=0)


LOSS = Loss(
    id="asymmetric",
    paper="Ridnik et al., Asymmetric Loss For Multi-Label Classification, 2021, eq. 4 to 7",
    defaults={"gammaNegative": 4, "gammaPositive": 1, "clip": 0.05, "eps": 1e-8, "detachFocal": False},
    unreduced=lambda inputs, o: elementwise(inputs, lambda x, t: formula(x, t, o)),
    cases=[c for c in logit_cases(_draw) if "nan-target" not in c.key] + list(_own()),
)
