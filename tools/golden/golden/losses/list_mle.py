"""Xia et al., Listwise Approach to Learning to Rank, 2008: −ln of the Plackett–Luce likelihood of the true order."""

from ..conventions import order
from ..listwise import list_cases, lists
from ..loss import Loss
from ..numbers import mpf
from ..softmax import log_sum_exp


def formula(s, r):
    """Equal relevances keep their order (a stable sort)."""
    ranked = [s[i] for i in order([-y for y in r])]
    return sum((log_sum_exp(ranked[i:]) - ranked[i] for i in range(len(ranked))), mpf(0))


LOSS = Loss(
    id="listMle",
    paper="Xia et al., Listwise Approach to Learning to Rank: Theory and Algorithm, 2008",
    unreduced=lambda inputs, o: lists(inputs, formula),
    cases=list(list_cases(0.720868)),
)
