"""The Lovász extension of the Jaccard loss, from its definition by sets."""

from .conventions import order
from .numbers import mpf


def jaccard_loss(wrong, truth):
    """Δ_J of a set of wrong positions: |wrong| / |truth ∪ wrong| (Berman et al., eq. 6); of no wrong one 0."""
    return mpf(len(wrong)) / len(truth | wrong) if wrong else mpf(0)


def extension(errors, truth, positive=lambda e: e):
    """Σ_k m_(k)·(Δ_J({1..k}) − Δ_J({1..k−1})), errors sorted downwards and stably (eq. 7–8)."""
    ones = {i for i, y in enumerate(truth) if y}
    wrong, before, total = set(), mpf(0), mpf(0)
    for i in order([-e for e in errors]):
        wrong = wrong | {i}
        now = jaccard_loss(wrong, ones)
        total += positive(errors[i]) * (now - before)
        before = now
    return total
