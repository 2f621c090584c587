"""Wang et al., NormFace, 2017, eq. 6: softmax cross-entropy of s·cos θ_j, both sides normalised."""

from isoloss_oracle.cases import case, error
from isoloss_oracle.crosscheck import torch_check
from isoloss_oracle.embeddings import (
    FACES,
    ZERO,
    cosine,
    cross_entropy,
    faces,
    prototype_cases,
    reduced,
    rows_against,
    zero_prototype,
)
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf


def formula(x, prototypes, y, o):
    return cross_entropy([mpf(o.scale) * cosine(x, w) for w in prototypes], y)


def unreduced(inputs, o):
    labels = inputs["target"].data
    return rows_against(inputs, lambda x, prototypes, n: formula(x, prototypes, labels[n], o))


MILD = {"scale": 4}


def _cases():
    yield case("fixture-none", FACES, "fixture", "cosines .8, .6, .96 and 1/√1.01·(−1, .1, −.52)", reduction="none")
    yield case("metric-learning-none", FACES, "option", "pytorch-metric-learning's 1/.05", scale=20, reduction="none")
    yield from prototype_cases(MILD)
    yield from zero_prototype(MILD)
    for scale in (0.5, 16, 90, 256, 700, 10000):
        yield case(f"scale-{scale}-none", faces(f"k{scale}"), "option extreme", scale=scale, reduction="none")
    yield error("BAD_OPTION", "error-scale-zero", FACES, "scale must be > 0", scale=0)
    yield error("BAD_OPTION", "error-margin", FACES, "no margin", margin=0.1)


def _torch(F, t, o):
    logits = o.scale * F.normalize(t.input) @ F.normalize(t.prototypes).T
    if o.reduction == "partial":
        return None
    return reduced(F.cross_entropy(logits, t.target, reduction="none"), o.reduction)


LOSS = Loss(
    id="normFace",
    paper="Wang et al., NormFace: L2 Hypersphere Embedding for Face Verification, 2017, eq. 6",
    defaults={"scale": 64},
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[torch_check("nn.functional.cross_entropy of nn.functional.normalize", _torch, [ZERO])],
)
