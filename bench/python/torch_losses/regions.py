"""Losses of segmentation: soft sets over the positions of a sample and class, (N, C, …)."""

import torch
import torch.nn.functional as F


def _activated(input, activation):
    return {"none": lambda x: x, "sigmoid": torch.sigmoid, "softmax": lambda x: F.softmax(x, dim=1)}[activation](input)


def _positions(x):
    return tuple(range(2, x.ndim))


def dice(input, target, *, activation, smooth, **_):
    p = _activated(input, activation)
    axes = _positions(p)
    overlap = (p * target).sum(axes)
    return (1 - (2 * overlap + smooth) / (p.sum(axes) + target.sum(axes) + smooth)).mean()


def generalized_dice(input, target, *, activation, smooth, **_):
    p = _activated(input, activation)
    axes = _positions(p)
    volume = target.sum(axes)
    weights = 1 / volume**2
    overlap = (weights * (p * target).sum(axes)).sum(1)
    sizes = (weights * (p.sum(axes) + volume)).sum(1)
    return (1 - (2 * overlap + smooth) / (sizes + smooth)).mean()


def _tversky(input, target, alpha, beta, activation, smooth):
    p = _activated(input, activation)
    axes = _positions(p)
    hits = (p * target).sum(axes)
    false_positives = (p * (1 - target)).sum(axes)
    false_negatives = ((1 - p) * target).sum(axes)
    return 1 - (hits + smooth) / (hits + alpha * false_positives + beta * false_negatives + smooth)


def tversky(input, target, *, alpha, beta, activation, smooth, **_):
    return _tversky(input, target, alpha, beta, activation, smooth).mean()


def focal_tversky(input, target, *, alpha, beta, gamma, activation, smooth, **_):
    return (_tversky(input, target, alpha, beta, activation, smooth) ** (1 / gamma)).mean()


def jaccard(input, target, *, activation, smooth, **_):
    # The form minMax.
    p = _activated(input, activation)
    axes = tuple(range(1, p.ndim))
    overlap, union = torch.minimum(p, target).sum(axes), torch.maximum(p, target).sum(axes)
    return (1 - (overlap + smooth) / (union + smooth)).mean()


def _lovasz_gradient(truth):
    """The growth of the Jaccard loss, errors sorted downwards: the authors' lovasz_grad, for rows."""
    total = truth.sum(-1, keepdim=True)
    overlap = total - truth.cumsum(-1)
    union = total + (1 - truth).cumsum(-1)
    jaccard = 1 - overlap / union
    jaccard[..., 1:] = jaccard[..., 1:] - jaccard[..., :-1]
    return jaccard


def lovasz_hinge(input, target, **_):
    # Over the whole batch: per_image False.
    x, t = input.reshape(-1), target.reshape(-1)
    errors, order = torch.sort(1 - x * (2 * t - 1), descending=True)
    with torch.no_grad():
        growth = _lovasz_gradient(t[order])
    return torch.dot(torch.relu(errors), growth)


def lovasz_softmax(input, target, *, activation, **_):
    p = _activated(input, activation)
    classes = p.shape[1]
    p = p.movedim(1, 0).reshape(classes, -1)
    labels = target.reshape(-1)
    losses = []
    for c in range(classes):
        truth = (labels == c).to(p.dtype)
        if truth.sum() == 0:
            continue
        errors, order = torch.sort((truth - p[c]).abs(), descending=True)
        with torch.no_grad():
            growth = _lovasz_gradient(truth[order])
        losses.append(torch.dot(errors, growth))
    return torch.stack(losses).mean()


def total_variation(input, *, activation, **_):
    x = _activated(input, activation)
    vertical = x.diff(dim=-2).abs().sum((-2, -1))
    return (vertical + x.diff(dim=-1).abs().sum((-2, -1))).mean()
