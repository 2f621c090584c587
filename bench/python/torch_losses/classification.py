"""Losses of scores for classes. Labels are int64; the class axis is 1."""

import torch
import torch.nn.functional as F


def cross_entropy(input, target, *, labelSmoothing, **_):
    return F.cross_entropy(input, target, label_smoothing=labelSmoothing)


def nll(input, target, **_):
    return F.nll_loss(input, target)


def _own(x, target):
    return x.gather(1, target.unsqueeze(1)).squeeze(1)


def focal(input, target, *, gamma, **_):
    log_pt = _own(F.log_softmax(input, dim=1), target)
    return (-((1 - log_pt.exp()) ** gamma) * log_pt).mean()


def poly1(input, target, *, epsilon, **_):
    ce = F.cross_entropy(input, target, reduction="none")
    return (ce + epsilon * (1 - torch.exp(-ce))).mean()


def generalized_cross_entropy(input, target, *, q, **_):
    return ((1 - _own(input, target) ** q) / q).mean()


def symmetric_cross_entropy(input, target, *, alpha, beta, logZero, **_):
    ce = F.cross_entropy(input, target, reduction="none")
    return (alpha * ce - beta * logZero * (1 - torch.exp(-ce))).mean()


def logit_adjusted(input, target, prior, *, tau, **_):
    return F.cross_entropy(input + tau * torch.log(prior), target)


def ldam(input, target, counts, *, maxMargin, scale, **_):
    margins = counts**-0.25
    margins = margins * (maxMargin / margins.max())
    lowered = input - F.one_hot(target, input.shape[1]) * margins
    return F.cross_entropy(scale * lowered, target)


def sparsemax(input, target, **_):
    ordered = torch.sort(input, dim=1, descending=True).values
    sums = ordered.cumsum(1)
    ranks = torch.arange(1, input.shape[1] + 1, dtype=input.dtype)
    support = (1 + ranks * ordered > sums).sum(1, keepdim=True)
    tau = (sums.gather(1, support - 1) - 1) / support
    inside = torch.where(input > tau, input**2 - tau**2, 0.0).sum(1)
    return (0.5 * inside - _own(input, target) + 0.5).mean()


def multi_margin(input, target, *, p, margin, **_):
    return F.multi_margin_loss(input, target, p=p, margin=margin)


def multilabel_margin(input, target, **_):
    return F.multilabel_margin_loss(input, target)


def multilabel_soft_margin(input, target, **_):
    return F.multilabel_soft_margin_loss(input, target)


def multiclass_hinge(input, target, **_):
    own = input.gather(1, target.unsqueeze(1))
    return ((input + 1).scatter(1, target.unsqueeze(1), own).max(1).values - own.squeeze(1)).mean()


def categorical_hinge(input, target, **_):
    positive = (target * input).sum(1)
    negative = ((1 - target) * input).max(1).values
    return torch.relu(negative - positive + 1).mean()


def distillation(input, target, *, temperature, **_):
    student = F.log_softmax(input / temperature, dim=1)
    teacher = F.softmax(target / temperature, dim=1)
    return F.kl_div(student, teacher, reduction="batchmean") * temperature**2
