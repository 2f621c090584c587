"""Losses of one prediction beside one target: regression, binary classification, penalties, preferences."""

import math

import torch
import torch.nn.functional as F


def l1(input, target, **_):
    return F.l1_loss(input, target)


def mse(input, target, **_):
    return F.mse_loss(input, target)


def half_mse(input, target, **_):
    return 0.5 * F.mse_loss(input, target)


def huber(input, target, *, delta, **_):
    return F.huber_loss(input, target, delta=delta)


def smooth_l1(input, target, *, beta, **_):
    return F.smooth_l1_loss(input, target, beta=beta)


def cauchy(input, target, **_):
    return torch.log1p(0.5 * (input - target) ** 2).mean()


def charbonnier(input, target, *, eps, **_):
    return torch.sqrt((input - target) ** 2 + eps * eps).mean()


def pseudo_huber(input, target, *, delta, **_):
    return (delta**2 * (torch.sqrt(1 + ((input - target) / delta) ** 2) - 1)).mean()


def welsch(input, target, **_):
    return (1 - torch.exp(-0.5 * (input - target) ** 2)).mean()


def geman_mc_clure(input, target, **_):
    squared = (input - target) ** 2
    return (2 * squared / (squared + 4)).mean()


def general_robust(input, target, *, alpha, scale, **_):
    b = abs(alpha - 2)
    squared = ((input - target) / scale) ** 2
    return (b / alpha * ((squared / b + 1) ** (alpha / 2) - 1)).mean()


def log_cosh(input, target, **_):
    error = input - target
    return (error + F.softplus(-2 * error) - math.log(2)).mean()


def quantile(input, target, *, q, **_):
    short = target - input
    return torch.maximum(q * short, (q - 1) * short).mean()


def expectile(input, target, *, q, **_):
    short = target - input
    return (torch.where(short < 0, 1 - q, q) * short**2).mean()


def mape(input, target, *, eps, **_):
    return 100 * ((input - target).abs() / target.abs().clamp(min=eps)).mean()


def smape(input, target, *, eps, **_):
    return (2 * (input - target).abs() / (input.abs() + target.abs()).clamp(min=eps)).mean()


def msle(input, target, *, eps, **_):
    return ((torch.log1p(input.clamp(min=eps)) - torch.log1p(target.clamp(min=eps))) ** 2).mean()


def wing(input, target, *, width, curvature, **_):
    error = (input - target).abs()
    offset = width - width * math.log1p(width / curvature)
    return torch.where(error < width, width * torch.log1p(error / curvature), error - offset).mean()


def gamma_deviance(input, target, **_):
    return 2 * (torch.log(input / target) + target / input - 1).mean()


def tweedie_deviance(input, target, *, power, **_):
    p = power
    if p == 0:
        return ((target - input) ** 2).mean()
    constant = target ** (2 - p) / ((1 - p) * (2 - p))
    return 2 * (constant - target * input ** (1 - p) / (1 - p) + input ** (2 - p) / (2 - p)).mean()


def poisson_nll(input, target, *, logInput, full, eps, **_):
    return F.poisson_nll_loss(input, target, log_input=logInput, full=full, eps=eps)


def gaussian_nll(input, target, variance, *, full, eps, **_):
    return F.gaussian_nll_loss(input, target, variance, full=full, eps=eps)


def laplace_nll(input, target, scale, *, eps, **_):
    b = scale.clone()
    with torch.no_grad():
        b.clamp_(min=eps)
    return (torch.log(2 * b) + (input - target).abs() / b).mean()


def bce(input, target, **_):
    return F.binary_cross_entropy(input, target)


def bce_with_logits(input, target, **_):
    return F.binary_cross_entropy_with_logits(input, target)


def sigmoid_focal(input, target, *, alpha, gamma, **_):
    # torchvision.ops.sigmoid_focal_loss
    p = torch.sigmoid(input)
    ce = F.binary_cross_entropy_with_logits(input, target, reduction="none")
    p_t = p * target + (1 - p) * (1 - target)
    loss = ce * ((1 - p_t) ** gamma)
    return ((alpha * target + (1 - alpha) * (1 - target)) * loss).mean()


def asymmetric(input, target, *, gammaNegative, gammaPositive, clip, eps, **_):
    # timm.loss.AsymmetricLossMultiLabel
    positive = torch.sigmoid(input)
    negative = (1 - positive + clip).clamp(max=1)
    loss = target * torch.log(positive.clamp(min=eps)) + (1 - target) * torch.log(negative.clamp(min=eps))
    pt = positive * target + negative * (1 - target)
    gamma = gammaPositive * target + gammaNegative * (1 - target)
    return -(loss * torch.pow(1 - pt, gamma)).mean()


def hinge(input, target, **_):
    return torch.relu(1 - target * input).mean()


def squared_hinge(input, target, **_):
    return (torch.relu(1 - target * input) ** 2).mean()


def perceptron(input, target, **_):
    return torch.relu(-target * input).mean()


def soft_margin(input, target, **_):
    return F.soft_margin_loss(input, target)


def hinge_embedding(input, target, *, margin, **_):
    return F.hinge_embedding_loss(input, target, margin=margin)


def margin_ranking(input1, input2, target, *, margin, **_):
    return F.margin_ranking_loss(input1, input2, target, margin=margin)


def kl_div(input, target, **_):
    return F.kl_div(input, target, reduction="mean")


def bpr(positive, negative, **_):
    return -F.logsigmoid(positive - negative).mean()


def _advantage(chosen, rejected, referenceChosen, referenceRejected):
    return (chosen - referenceChosen) - (rejected - referenceRejected)


def dpo(chosen, rejected, referenceChosen, referenceRejected, *, beta, **_):
    return -F.logsigmoid(beta * _advantage(chosen, rejected, referenceChosen, referenceRejected)).mean()


def hinge_preference(chosen, rejected, referenceChosen, referenceRejected, *, beta, **_):
    return torch.relu(1 - beta * _advantage(chosen, rejected, referenceChosen, referenceRejected)).mean()


def ipo(chosen, rejected, referenceChosen, referenceRejected, *, beta, **_):
    return ((_advantage(chosen, rejected, referenceChosen, referenceRejected) - 1 / (2 * beta)) ** 2).mean()


def l1_penalty(parameters, *, strength, **_):
    return strength * parameters.abs().sum()


def l2_penalty(parameters, *, strength, **_):
    return strength * parameters.square().sum()


def elastic_net(parameters, *, strength, l1Ratio, **_):
    return strength * (l1Ratio * parameters.abs().sum() + (1 - l1Ratio) * parameters.square().sum())
