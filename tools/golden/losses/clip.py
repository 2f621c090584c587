"""Radford et al., CLIP, 2021, fig. 3: ½·(−ln softmax over texts of image i − ln softmax over images of text i) of the
logits exp(logitScale)·cos(image_i, text_j).
"""

from isoloss_oracle.cases import case, error
from isoloss_oracle.crosscheck import torch_check
from isoloss_oracle.embeddings import ZERO, cosine, cross_entropy, reduced, whole
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import exp
from isoloss_oracle.paired import direction_cases, paired_cases, two
from isoloss_oracle.tensors import floats

NAMES = ("image", "text")


def formula(image, text, logit_scale, i):
    rows = [exp(logit_scale) * cosine(image[i], y) for y in text]
    columns = [exp(logit_scale) * cosine(x, text[i]) for x in image]
    return (cross_entropy(rows, i) + cross_entropy(columns, i)) / 2


def unreduced(inputs, o):
    return whole(inputs, (*NAMES, "logitScale"), formula, inputs["image"].shape[:1])


def scaled(inputs, scale):
    return {**inputs, "logitScale": floats(scale)}


START = {"logitScale": floats(2.6592600)}
GOOD = scaled(two("good", names=NAMES), 1)


def _cases():
    yield from paired_cases(NAMES, extra=START)
    yield from direction_cases(NAMES, extra={"logitScale": floats(0.5)})
    for scale in (-5, 0, 1, 4.6051702, 6.5, 9):
        inputs = scaled(two(f"s{scale}", names=NAMES), scale)
        yield case(f"scale-{scale:g}-none", inputs, "extreme", "logitScale", reduction="none")
    yield case(
        "one-none", scaled(two("one", 1, names=NAMES), 1), "ordinary", "nothing to tell it from", reduction="none"
    )
    yield error("MISSING_INPUT", "error-no-scale", two("good", names=NAMES))
    yield error("RANK_MISMATCH", "error-scale-rank", {**GOOD, "logitScale": floats([1])}, "a scalar")
    yield error("BAD_OPTION", "error-temperature", GOOD, "the scale is an input", temperature=0.07)


def _torch(F, t, o):
    logits = t.logitScale.exp() * F.normalize(t.image) @ F.normalize(t.text).T
    own = t.image.detach().new_ones(len(logits)).cumsum(0).long() - 1
    both = (F.cross_entropy(z, own, reduction="none") for z in (logits, logits.T))
    return reduced(sum(both) / 2, o.reduction)


LOSS = Loss(
    id="clip",
    paper="Radford et al., Learning Transferable Visual Models From Natural Language Supervision, 2021, fig. 3",
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[torch_check("nn.functional.cross_entropy of scaled cosines, twice", _torch, [ZERO])],
)
