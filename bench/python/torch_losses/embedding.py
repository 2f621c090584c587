"""Losses of embeddings against class prototypes (margin softmax), and of views."""

import math

import torch
import torch.nn.functional as F


def _cosines(x, w):
    return F.normalize(x, dim=-1) @ F.normalize(w, dim=-1).T


def _margin_softmax(cosines, target, own, scale):
    """Cross entropy of scale·cosines with `own` in the label's place."""
    return F.cross_entropy(scale * cosines.scatter(1, target.unsqueeze(1), own.unsqueeze(1)), target, reduction="none")


def _own(cosines, target):
    return cosines.gather(1, target.unsqueeze(1)).squeeze(1)


def _sine(cosine):
    return torch.sqrt((1 - cosine**2).clamp(min=1e-9))


def _arc_face(cosines, target, scale, margin):
    # insightface's fallback beyond π − margin.
    cosine = _own(cosines, target)
    shifted = cosine * math.cos(margin) - _sine(cosine) * math.sin(margin)
    beyond = cosine - margin * math.sin(margin)
    own = torch.where(cosine > math.cos(math.pi - margin), shifted, beyond)
    return _margin_softmax(cosines, target, own, scale)


def arc_face(input, prototypes, target, *, scale, margin, **_):
    return _arc_face(_cosines(input, prototypes), target, scale, margin).mean()


def cos_face(input, prototypes, target, *, scale, margin, **_):
    cosines = _cosines(input, prototypes)
    one_hot = F.one_hot(target, cosines.shape[1]).to(cosines.dtype)
    return F.cross_entropy(scale * (cosines - margin * one_hot), target)


def norm_face(input, prototypes, target, *, scale, **_):
    return F.cross_entropy(scale * _cosines(input, prototypes), target)


def subcenter_arc_face(input, prototypes, target, *, scale, margin, **_):
    K, S, D = prototypes.shape
    cosines = _cosines(input, prototypes.reshape(K * S, D)).reshape(-1, K, S).max(2).values
    return _arc_face(cosines, target, scale, margin).mean()


def sphere_face(input, prototypes, target, *, margin, **_):
    # The authors' ψ by the multiple-angle formula of their margin, 4.
    assert margin == 4
    cosines = _cosines(input, prototypes)
    cosine = _own(cosines, target)
    with torch.no_grad():
        k = (4 * torch.acos(cosine.clamp(-1, 1)) / math.pi).floor().clamp(max=3)
        sign = 1 - 2 * (k % 2)
    own = sign * (8 * cosine**4 - 8 * cosine**2 + 1) - 2 * k
    return _margin_softmax(cosines, target, own, input.norm(dim=-1, keepdim=True)).mean()


def circle_classification(input, prototypes, target, *, margin, gamma, **_):
    cosines = _cosines(input, prototypes)
    alpha_p = torch.relu(1 + margin - cosines.detach())
    alpha_n = torch.relu(cosines.detach() + margin)
    own = F.one_hot(target, cosines.shape[1]).bool()
    logits = gamma * torch.where(own, alpha_p * (cosines - (1 - margin)), alpha_n * (cosines - margin))
    return F.cross_entropy(logits, target)


def npc_face(input, prototypes, target, *, scale, margin, margin0, margin1, t, a, **_):
    # FaceX-Zoo head/NPCFace.py
    cosines = _cosines(input, prototypes)
    cosine = _own(cosines, target)
    sine = _sine(cosine)
    with torch.no_grad():
        hard = cosines > (cosine * math.cos(margin) - sine * math.sin(margin)).unsqueeze(1)
        hard.scatter_(1, target.unsqueeze(1), False)
        mean = (cosines * hard).sum(1) / hard.sum(1).clamp(min=1)
        m = margin0 + margin1 * mean
    own = torch.where(cosine > 0, cosine * torch.cos(m) - sine * torch.sin(m), cosine)
    negatives = torch.where(hard, t * cosines + a, cosines)
    return _margin_softmax(negatives, target, own, scale).mean()


def disc_face(input, prototypes, target, displacement, *, radius, **options):
    x, w = F.normalize(input, dim=-1), F.normalize(prototypes, dim=-1)
    # `lambda` is no name in Python; 64 and 0.5 are arcFace's own defaults.
    classification = _arc_face(x @ w.T, target, 64, 0.5)
    bounded = displacement * (radius / displacement.norm()).clamp(max=1)
    discrepancy = (x - w[target] - bounded).norm(dim=-1)
    return (classification + options["lambda"] * discrepancy).mean()


def broad_face(input, prototypes, target, queueFeatures, queueTargets, queuePrototypes, *, scale, margin, **_):
    with torch.no_grad():
        ratio = queueFeatures.norm(dim=-1, keepdim=True) / queuePrototypes.norm(dim=-1, keepdim=True)
        queued = queueFeatures + ratio * (prototypes[queueTargets] - queuePrototypes)
    cosines = _cosines(torch.cat([input, queued]), prototypes)
    return _arc_face(cosines, torch.cat([target, queueTargets]), scale, margin).mean()


def proxy_anchor(input, prototypes, target, *, margin, alpha, **_):
    s = _cosines(input, prototypes)
    own = F.one_hot(target, s.shape[1]).bool()
    pull = torch.where(own, torch.exp(-alpha * (s - margin)), 0.0).sum(0)
    push = torch.where(own, 0.0, torch.exp(alpha * (s + margin))).sum(0)
    return torch.log1p(pull).sum() / own.any(0).sum().clamp(min=1) + torch.log1p(push).mean()


def barlow_twins(input1, input2, **options):
    standard = lambda x: (x - x.mean(0)) / torch.sqrt(x.var(0, unbiased=False) + 1e-5)  # noqa: E731
    correlation = standard(input1).T @ standard(input2) / input1.shape[0]
    on = torch.diagonal(correlation)
    off = correlation.square().sum() - on.square().sum()
    return (1 - on).square().sum() + options["lambda"] * off


def vic_reg(input1, input2, *, invariance, variance, covariance, eps, **_):
    n, d = input1.shape

    def parts(x):
        x = x - x.mean(0)
        spread = torch.relu(1 - torch.sqrt(x.var(0) + eps)).mean()
        c = x.T @ x / (n - 1)
        return spread, (c.square().sum() - torch.diagonal(c).square().sum()) / d

    (spread1, redundancy1), (spread2, redundancy2) = parts(input1), parts(input2)
    return (
        invariance * F.mse_loss(input1, input2)
        + variance * 0.5 * (spread1 + spread2)
        + covariance * (redundancy1 + redundancy2)
    )


def clip(image, text, logitScale, **_):
    logits = logitScale.exp() * _cosines(image, text)
    own = torch.arange(len(image))
    return 0.5 * (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own))


def sig_lip(image, text, logitScale, logitBias, **_):
    logits = logitScale.exp() * _cosines(image, text) + logitBias
    signs = 2 * torch.eye(len(image), dtype=logits.dtype) - 1
    return -F.logsigmoid(signs * logits).sum(1).mean()
