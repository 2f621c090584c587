"""Losses of boxes (x1, y1, x2, y2), as torchvision.ops writes them."""

import math

import torch


def _overlap(input, target):
    x1, y1, x2, y2 = input.unbind(-1)
    a1, b1, a2, b2 = target.unbind(-1)
    width = (torch.min(x2, a2) - torch.max(x1, a1)).clamp(min=0)
    height = (torch.min(y2, b2) - torch.max(y1, b1)).clamp(min=0)
    intersection = width * height
    union = (x2 - x1) * (y2 - y1) + (a2 - a1) * (b2 - b1) - intersection
    return intersection, union


def _enclosing(input, target):
    x1, y1, x2, y2 = input.unbind(-1)
    a1, b1, a2, b2 = target.unbind(-1)
    return torch.max(x2, a2) - torch.min(x1, a1), torch.max(y2, b2) - torch.min(y1, b1)


def _miss(input, target, eps):
    intersection, union = _overlap(input, target)
    return 1 - intersection / (union + eps)


def _distance(input, target, eps):
    width, height = _enclosing(input, target)
    x1, y1, x2, y2 = input.unbind(-1)
    a1, b1, a2, b2 = target.unbind(-1)
    centres = ((x1 + x2 - a1 - a2) / 2) ** 2 + ((y1 + y2 - b1 - b2) / 2) ** 2
    return centres / (width**2 + height**2 + eps)


def iou(input, target, *, eps, **_):
    return _miss(input, target, eps).mean()


def giou(input, target, *, eps, **_):
    intersection, union = _overlap(input, target)
    width, height = _enclosing(input, target)
    enclosing = width * height
    return (1 - intersection / (union + eps) + (enclosing - union) / (enclosing + eps)).mean()


def diou(input, target, *, eps, **_):
    return (_miss(input, target, eps) + _distance(input, target, eps)).mean()


def ciou(input, target, *, eps, **_):
    miss = _miss(input, target, eps)
    x1, y1, x2, y2 = input.unbind(-1)
    a1, b1, a2, b2 = target.unbind(-1)
    v = 4 / math.pi**2 * (torch.atan((a2 - a1) / (b2 - b1)) - torch.atan((x2 - x1) / (y2 - y1))) ** 2
    with torch.no_grad():
        alpha = v / (miss + v + eps)
    return (miss + _distance(input, target, eps) + alpha * v).mean()
