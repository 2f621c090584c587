"""Losses of lists of scores: the last axis."""

import torch
import torch.nn.functional as F


def list_net(input, target, **_):
    return -(F.softmax(target, dim=-1) * F.log_softmax(input, dim=-1)).sum(-1).mean()


def softmax_ranking(input, target, **_):
    return -(target * F.log_softmax(input, dim=-1)).sum(-1).mean()


def list_mle(input, target, **_):
    order = torch.argsort(target, dim=-1, descending=True, stable=True)
    ordered = input.gather(-1, order)
    return (torch.logcumsumexp(ordered.flip(-1), -1).flip(-1) - ordered).sum(-1).mean()


def rank_net(input, target, **_):
    difference = input.unsqueeze(-1) - input.unsqueeze(-2)
    better = target.unsqueeze(-1) > target.unsqueeze(-2)
    return (better * F.softplus(-difference)).sum((-2, -1)).mean()


def approx_ndcg(input, target, *, alpha, **_):
    n = input.shape[-1]
    gain = 2**target - 1
    discount = torch.log2(torch.arange(2, n + 2, dtype=input.dtype))
    ideal = torch.sort(gain, dim=-1, descending=True).values
    best = (ideal / discount).sum(-1, keepdim=True)
    before = torch.sigmoid(-alpha * (input.unsqueeze(-1) - input.unsqueeze(-2)))
    # The diagonal holds σ(0) = ½.
    position = 0.5 + before.sum(-1)
    return -(gain / best / torch.log2(1 + position)).sum(-1).mean()
