"""Qin, Liu and Li, A General Approximation Framework, 2010: −Σ_i G_i/log₂(1 + π_i), π_i = 1 + Σ_{j≠i} σ(−α(s_i − s_j)).

G_i = (2^{r_i} − 1)/maxDCG as in allRank's approxNDCG.
"""

from dataclasses import replace

from isoloss_oracle.batteries import less_stable
from isoloss_oracle.binary import sigmoid
from isoloss_oracle.cases import case, error
from isoloss_oracle.conventions import decide, order
from isoloss_oracle.listwise import GOOD, graded, list_cases, lists, pair
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import log, mpf
from isoloss_oracle.regions import at_kinks


def log2(x):
    return log(x) / log(mpf(2))


def formula(s, r, alpha):
    gains = [mpf(2) ** y - 1 for y in r]
    best = [gains[i] for i in order([-g for g in gains])]
    most = sum((g / log2(k + 2) for k, g in enumerate(best)), mpf(0))
    if decide(bool(most <= 0), tie=most == 0):
        return mpf(0)
    places = [1 + sum(sigmoid(-alpha * (a - b)) for j, b in enumerate(s) if j != i) for i, a in enumerate(s)]
    return -sum(g / log2(1 + at) for g, at in zip(gains, places)) / most


def _own():
    for alpha in (0.5, 2, 10, 0.1):
        yield case(f"alpha-{alpha}", graded(f"alpha-{alpha}", (2, 3)), "option", alpha=alpha, reduction="none")
    sharp = pair([[3, 1, 2]], [[2, 0, 1]])
    yield case("sharp", sharp, "option saturated", "nearly −1, the NDCG of the right order", alpha=90, reduction="none")
    yield case("small-gains", pair([[1, 2, 3]], [[1e-6, 1e-7, 0]]), "unstable", reduction="none")
    yield case("large-gains", pair([[1, 2, 3]], [[8, 4, 0]]), "extreme", reduction="none")
    yield error("BAD_OPTION", "error-alpha", GOOD, alpha=0)


def _judged(cases):
    """The gradient by relevances is that of a quotient near its optimum: stated for ordinary lists only."""
    ordinary = [c if c.error or c.gradients == () or c.key.startswith(ORDINARY) else _input_only(c) for c in cases]
    both = lambda c: c.gradients is None or c.key == "sharp"  # noqa: E731
    why = "a quotient's gradient nearly cancels where the order is nearly right"
    return less_stable(ordinary, lambda c: both(c) and c.key.startswith((*ORDINARY, "sharp")), why)


def _input_only(c):
    return replace(c, gradients=("input",))


ORDINARY = ("fixture", "reduce-", "rank-", "drawn-", "alpha-")

LOSS = Loss(
    id="approxNdcg",
    paper="Qin, Liu and Li, A General Approximation Framework for Direct Optimization of IR Measures, 2010",
    defaults={"alpha": 1},
    unreduced=lambda inputs, o: lists(inputs, lambda s, r: formula(s, r, mpf(o.alpha))),
    cases=_judged(at_kinks([*list_cases(None), *_own()], {"one-item", "no-items"})),
)
