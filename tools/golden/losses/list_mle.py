"""Xia et al., Listwise Approach to Learning to Rank, 2008: −ln of the Plackett–Luce likelihood of the true order."""

from isoloss_oracle.conventions import order
from isoloss_oracle.listwise import list_cases, lists
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.softmax import log_sum_exp


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
