"""Distances of rows, divergences of distributions, transport."""

import math

import torch
import torch.nn.functional as F


def euclidean(input, target, **_):
    return torch.linalg.vector_norm(input - target, dim=-1).mean()


def manhattan(input, target, **_):
    return torch.linalg.vector_norm(input - target, ord=1, dim=-1).mean()


def chebyshev(input, target, **_):
    return torch.linalg.vector_norm(input - target, ord=math.inf, dim=-1).mean()


def minkowski(input, target, *, p, **_):
    return torch.linalg.vector_norm(input - target, ord=p, dim=-1).mean()


def hamming(input, target, **_):
    return (input - target).abs().mean(-1).mean()


def cosine_similarity(input, target, *, eps, **_):
    return (1 - F.cosine_similarity(input, target, dim=-1, eps=eps)).mean()


def mahalanobis(input, target, inverseCovariance, **_):
    d = input - target
    return torch.sqrt(((d @ inverseCovariance) * d).sum(-1)).mean()


def entropy(input, **_):
    return torch.special.entr(input).sum(-1).mean()


def generalized_kl(input, target, **_):
    return (F.kl_div(input, target, reduction="none") + input.exp() - target).sum(-1).mean()


def hellinger(input, target, **_):
    return torch.linalg.vector_norm(input.sqrt() - target.sqrt(), dim=-1).mean() / math.sqrt(2)


def js_divergence(input, target, **_):
    log_m = torch.log(0.5 * (input + target))
    return 0.5 * (input * (input.log() - log_m) + target * (target.log() - log_m)).sum(-1).mean()


def energy_distance(input, target, **_):
    points, order = torch.sort(torch.cat([input, target]), stable=True)
    n, m = len(input), len(target)
    masses = torch.cat([torch.full((n,), 1 / n, dtype=points.dtype), torch.full((m,), -1 / m, dtype=points.dtype)])
    lead = masses[order].cumsum(0)[:-1]
    return torch.sqrt(2 * (lead**2 * points.diff()).sum())


def wasserstein1d(input, target, *, p, **_):
    apart = (torch.sort(input, dim=-1).values - torch.sort(target, dim=-1).values).abs()
    return (apart if p == 1 else apart**p).sum(-1).mean()


def sinkhorn_cost(cost, *, epsilon, iterations, **_):
    n, m = cost.shape
    log_a, log_b = -math.log(n), -math.log(m)
    scaled = cost / epsilon
    g = torch.zeros(m, dtype=cost.dtype)
    for _ in range(iterations):
        f = -epsilon * torch.logsumexp(log_b + g / epsilon - scaled, dim=1)
        g = -epsilon * torch.logsumexp((log_a + f / epsilon).unsqueeze(1) - scaled, dim=0)
    return f.mean() + g.mean()


def sinkhorn(input, target, *, p, epsilon, iterations, **_):
    # The matrix of differences keeps close points exact, where cdist's matrix product would cancel.
    difference = input.unsqueeze(1) - target.unsqueeze(0)
    cost = difference.square().sum(-1) if p == 2 else torch.linalg.vector_norm(difference, dim=-1)
    return sinkhorn_cost(cost, epsilon=epsilon, iterations=iterations)
