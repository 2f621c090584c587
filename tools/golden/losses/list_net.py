"""Cao et al., Learning to Rank: From Pairwise to Listwise Approach, 2007: −Σ softmax(r)·ln softmax(s) (top one)."""

from isoloss_oracle.crosscheck import torch_check
from isoloss_oracle.listwise import list_cases, lists
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import exp, mpf
from isoloss_oracle.softmax import log_softmax


def formula(s, r):
    if not s:
        return mpf(0)
    return -sum(exp(q) * p for q, p in zip(log_softmax(r), log_softmax(s)))


def _torch(F, t, o):
    rows = t.target.softmax(-1)
    if o.reduction == "partial" or 0 in t.input.shape:
        return None
    # classes on axis 1
    flat = lambda x: x.reshape(-1, x.shape[-1])  # noqa: E731
    out = F.cross_entropy(flat(t.input), flat(rows), reduction=o.reduction)
    return out.reshape(t.input.shape[:-1]) if o.reduction == "none" else out


LOSS = Loss(
    id="listNet",
    paper="Cao et al., Learning to Rank: From Pairwise Approach to Listwise Approach, 2007",
    unreduced=lambda inputs, o: lists(inputs, formula),
    cases=list(list_cases(0.832396)),
    checks=[torch_check("nn.functional.cross_entropy", _torch)],
)
