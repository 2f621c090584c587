"""Sinkhorn's iteration in the log domain (Cuturi 2013; Peyré and Cuturi 2019, §4.4), from 0, so many steps."""

from .conventions import decide
from .numbers import INF, exp, log, mpf


def log_sum(terms):
    top = decide(max(terms))
    return top + log(sum(exp(t - top) for t in terms)) if decide(bool(top > -INF)) else top


def dual(cost, a, b, epsilon, iterations):
    """Σ a·f + Σ b·g after f ← −ε·LSE_j(ln b_j + (g_j − C_ij)/ε), then g likewise from the new f."""
    mass = lambda x: -INF if decide(bool(x == 0)) else log(x)  # noqa: E731
    log_a, log_b = [mass(x) for x in a], [mass(x) for x in b]
    f, g = [mpf(0)] * len(a), [mpf(0)] * len(b)
    for _ in range(iterations):
        f = [-epsilon * log_sum([w + (gj - c) / epsilon for w, gj, c in zip(log_b, g, row)]) for row in cost]
        columns = list(zip(*cost))
        g = [-epsilon * log_sum([w + (fi - c) / epsilon for w, fi, c in zip(log_a, f, col)]) for col in columns]
    return sum(x * y for x, y in zip(a, f)) + sum(x * y for x, y in zip(b, g))


def uniform(n):
    return [mpf(1) / n] * n
