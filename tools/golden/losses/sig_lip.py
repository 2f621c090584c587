"""Zhai et al., Sigmoid Loss for Language Image Pre-Training, 2023, algorithm 1.

−Σ_j ln σ(z_ij·(t·cos_ij + b)) per image, z = 1 for i = j, else −1, t = exp(logitScale), b = logitBias; the mean is over
the images.
"""

from isoloss_oracle.cases import case, error
from isoloss_oracle.crosscheck import torch_check
from isoloss_oracle.embeddings import ZERO, cosine, reduced, softplus, whole
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import exp
from isoloss_oracle.paired import direction_cases, paired_cases, two
from isoloss_oracle.tensors import floats

NAMES = ("image", "text")


def formula(image, text, logit_scale, logit_bias, i):
    logits = [exp(logit_scale) * cosine(image[i], y) + logit_bias for y in text]
    return sum(softplus(-z if j == i else z) for j, z in enumerate(logits))


def unreduced(inputs, o):
    return whole(inputs, (*NAMES, "logitScale", "logitBias"), formula, inputs["image"].shape[:1])


def scaled(inputs, scale, bias):
    return {**inputs, "logitScale": floats(scale), "logitBias": floats(bias)}


START = {"logitScale": floats(2.3025851), "logitBias": floats(-10)}
GOOD = scaled(two("good", names=NAMES), 1, -1)


def _cases():
    yield from paired_cases(NAMES, extra=START)
    yield from direction_cases(NAMES, extra={"logitScale": floats(0.5), "logitBias": floats(-0.25)})
    for scale in (-5, 0, 1, 4.6051702, 6.5, 9):
        inputs = scaled(two(f"s{scale}", names=NAMES), scale, 0.5)
        yield case(f"scale-{scale:g}-none", inputs, "extreme", "logitScale", reduction="none")
    for bias in (-700, -90, -20, 0, 5, 700, 10000):
        inputs = scaled(two(f"b{bias}", names=NAMES), 1, bias)
        yield case(f"bias-{bias}-none", inputs, "extreme", "logitBias", reduction="none")
    yield case("one-none", scaled(two("one", 1, names=NAMES), 1, 0), "ordinary", reduction="none")
    yield error("MISSING_INPUT", "error-no-scale", {k: v for k, v in GOOD.items() if k != "logitScale"})
    yield error("MISSING_INPUT", "error-no-bias", {k: v for k, v in GOOD.items() if k != "logitBias"})
    yield error("RANK_MISMATCH", "error-bias-rank", {**GOOD, "logitBias": floats([1])}, "a scalar")
    yield error("BAD_OPTION", "error-temperature", GOOD, "the scale is an input", temperature=0.07)


def _torch(F, t, o):
    logits = t.logitScale.exp() * F.normalize(t.image) @ F.normalize(t.text).T + t.logitBias
    signs = 2 * logits.detach().new_ones(len(logits)).diag() - 1
    return reduced(-F.logsigmoid(signs * logits).sum(1), o.reduction)


LOSS = Loss(
    id="sigLip",
    paper="Zhai et al., Sigmoid Loss for Language Image Pre-Training, 2023, algorithm 1",
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[torch_check("nn.functional.logsigmoid", _torch, [ZERO])],
)
