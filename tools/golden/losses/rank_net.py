"""Burges et al., RankNet, 2005: Σ over pairs with r_i > r_j of ln(1 + e^−(s_i − s_j))."""

from dataclasses import replace

from isoloss_oracle.binary import softplus
from isoloss_oracle.conventions import less
from isoloss_oracle.listwise import list_cases, lists
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf


def formula(s, r):
    pairs = [(i, j) for i in range(len(s)) for j in range(len(s)) if i != j and less(r[j], r[i])]
    return sum((softplus(s[j] - s[i]) for i, j in pairs), mpf(0))


LOSS = Loss(
    id="rankNet",
    paper="Burges et al., Learning to Rank using Gradient Descent, 2005",
    unreduced=lambda inputs, o: lists(inputs, formula),
    # In the wrong order two forces of nearly 1 cancel: the value only.
    cases=[replace(c, gradients=()) if c.key == "wrong" else c for c in list_cases(0.753451)],
)
