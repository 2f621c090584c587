"""Wang et al., CosFace, 2018, eq. 4: softmax cross-entropy of s·cos θ_j with s·(cos θ_y − m) for the own class.

Both sides are normalised. The same as AM-Softmax (Wang et al., 2018, eq. 6).
"""

from isoloss_oracle.cases import case, error
from isoloss_oracle.embeddings import (
    FACES,
    ZERO,
    cosine,
    cross_entropy,
    faces,
    prototype_cases,
    rows_against,
    rows_check,
    zero_prototype,
)
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf


def formula(x, prototypes, y, o):
    logits = [mpf(o.scale) * cosine(x, w) for w in prototypes]
    logits[y] -= mpf(o.scale) * mpf(o.margin)
    return cross_entropy(logits, y)


def unreduced(inputs, o):
    labels = inputs["target"].data
    return rows_against(inputs, lambda x, prototypes, n: formula(x, prototypes, labels[n], o))


MILD = {"scale": 4}


def _cases():
    yield case("fixture-none", FACES, "fixture", reduction="none", near=[32.64, 92.450615])
    yield case("insightface-none", FACES, "option", "insightface's margin", margin=0.4, reduction="none")
    yield case("am-softmax-none", FACES, "option", "the AM-Softmax paper's scale", scale=30, reduction="none")
    yield from prototype_cases(MILD)
    yield from zero_prototype(MILD)
    for margin in (0, 0.1, 1):
        yield case(f"margin-{margin}-none", faces(f"m{margin}"), "option", margin=margin, scale=8, reduction="none")
    for scale in (0.5, 16, 90, 256, 700, 10000):
        yield case(f"scale-{scale}-none", faces(f"k{scale}"), "option extreme", scale=scale, reduction="none")
    yield error("BAD_OPTION", "error-scale-zero", FACES, "scale must be > 0", scale=0)
    yield error("BAD_OPTION", "error-margin-negative", FACES, "margin must be >= 0", margin=-0.1)
    yield error("BAD_OPTION", "error-easy", FACES, "easyMargin is arcFace's", easyMargin=True)


def _metric_learning(library, o, prototypes):
    return library.losses.CosFaceLoss(*prototypes.shape, margin=o.margin, scale=o.scale)


LOSS = Loss(
    id="cosFace",
    paper="Wang et al., CosFace: Large Margin Cosine Loss for Deep Face Recognition, 2018, eq. 4",
    defaults={"scale": 64, "margin": 0.35},
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[rows_check("CosFaceLoss", _metric_learning, [ZERO])],
)
