"""Losses of pairs and triplets of embeddings, given or of a labelled batch."""

import math

import torch
import torch.nn.functional as F


def _cosines(x, y):
    return F.normalize(x, dim=-1) @ F.normalize(y, dim=-1).T


def contrastive(input1, input2, target, *, margin, **_):
    distance = F.pairwise_distance(input1, input2, eps=0)
    return 0.5 * (target * distance**2 + (1 - target) * torch.relu(margin - distance) ** 2).mean()


def cosine_embedding(input1, input2, target, *, margin, **_):
    return F.cosine_embedding_loss(input1, input2, target, margin=margin)


def triplet_margin(anchor, positive, negative, *, margin, p, eps, swap, **_):
    return F.triplet_margin_loss(anchor, positive, negative, margin=margin, p=p, eps=eps, swap=swap)


def triplet_margin_with_distance(anchor, positive, negative, *, margin, swap, **_):
    return F.triplet_margin_with_distance_loss(anchor, positive, negative, margin=margin, swap=swap)


def info_nce(anchor, positive, *, temperature, **_):
    return F.cross_entropy(_cosines(anchor, positive) / temperature, torch.arange(len(anchor)))


def n_pair(anchor, positive, **_):
    return F.cross_entropy(anchor @ positive.T, torch.arange(len(anchor)))


def _masks(labels):
    same = labels.unsqueeze(1) == labels.unsqueeze(0)
    positive = same.clone().fill_diagonal_(False)
    return positive, ~same


def circle(embeddings, labels, *, margin, gamma, **_):
    s = _cosines(embeddings, embeddings)
    positive, negative = _masks(labels)
    alpha_p = torch.relu(1 + margin - s.detach())
    alpha_n = torch.relu(s.detach() + margin)
    logits_p = (-gamma * alpha_p * (s - (1 - margin))).masked_fill(~positive, -math.inf)
    logits_n = (gamma * alpha_n * (s - margin)).masked_fill(~negative, -math.inf)
    both = positive.any(1) & negative.any(1)
    loss = F.softplus(torch.logsumexp(logits_p, 1) + torch.logsumexp(logits_n, 1))
    return torch.where(both, loss, 0.0).sum() / both.sum().clamp(min=1)


def lifted_structure(embeddings, labels, *, negativeMargin, positiveMargin, **_):
    unit = F.normalize(embeddings, dim=-1)
    d = torch.cdist(unit, unit)
    positive, negative = _masks(labels)
    push = torch.logsumexp((negativeMargin - d).masked_fill(~negative, -math.inf), 1)
    rows, columns = positive.nonzero(as_tuple=True)
    both = torch.logaddexp(push[rows], push[columns])
    violation = torch.relu(both + d[rows, columns] - positiveMargin)
    return 0.5 * violation.square().sum() / max(len(rows), 1)


def multi_similarity(embeddings, labels, *, alpha, beta, base, **_):
    s = _cosines(embeddings, embeddings) - base
    positive, negative = _masks(labels)
    pull = torch.log1p(torch.where(positive, torch.exp(-alpha * s), 0.0).sum(1)) / alpha
    push = torch.log1p(torch.where(negative, torch.exp(beta * s), 0.0).sum(1)) / beta
    return (pull + push).mean()


def nt_xent(embeddings, labels, *, temperature, **_):
    logits = _cosines(embeddings, embeddings) / temperature
    positive, negative = _masks(labels)
    others = torch.logsumexp(logits.masked_fill(~negative, -math.inf), 1)
    rows, columns = positive.nonzero(as_tuple=True)
    return F.softplus(others[rows] - logits[rows, columns]).sum() / max(len(rows), 1)


def sup_con(embeddings, labels, *, temperature, **_):
    logits = _cosines(embeddings, embeddings) / temperature
    positive, _ = _masks(labels)
    log_p = logits - torch.logsumexp(logits.clone().fill_diagonal_(-math.inf), 1, keepdim=True)
    count = positive.sum(1)
    loss = -(positive * log_p).sum(1) / count.clamp(min=1)
    return loss.sum() / (count > 0).sum().clamp(min=1)


def crd(anchor, positive, negatives, *, temperature, datasetSize, eps, **_):
    # RepDistiller crd/criterion.py, with the batch's own normalizer.
    a = F.normalize(anchor, dim=-1)
    others = F.normalize(torch.cat([positive.unsqueeze(1), negatives], 1), dim=-1)
    scores = torch.exp((others @ a.unsqueeze(-1)).squeeze(-1) / temperature)
    p = scores / (scores.detach().mean() * datasetSize)
    noise = negatives.shape[1] / datasetSize
    right = torch.log(p[:, 0] / (p[:, 0] + noise + eps))
    wrong = torch.log(noise / (p[:, 1:] + noise + eps)).sum(1)
    return -(right + wrong).mean()
