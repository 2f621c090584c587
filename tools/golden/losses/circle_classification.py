"""Sun et al., Circle Loss, 2020, eq. 6 with class-level labels: one positive similarity, to the own class's prototype.

log(1 + Σ_{j≠y} exp(γ·α_j·(s_j − m))·exp(−γ·α_y·(s_y − (1 − m)))), s = cos, with the weights α_y = max(0, 1 + m − s_y)
and α_j = max(0, s_j + m) constant in the gradient.
"""

from isoloss_oracle.cases import case, error
from isoloss_oracle.conventions import constant, relu
from isoloss_oracle.crosscheck import torch_check
from isoloss_oracle.embeddings import (
    FACES,
    ZERO,
    cosine,
    faces,
    log_sum_exp,
    prototype_cases,
    reduced,
    rows_against,
    softplus,
    toward,
    zero_prototype,
)
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf


def formula(x, prototypes, y, o):
    m, gamma = mpf(o.margin), mpf(o.gamma)
    s = [cosine(x, w) for w in prototypes]
    pull = -gamma * constant(relu(1 + m - s[y])) * (s[y] - (1 - m))
    push = log_sum_exp(gamma * constant(relu(v + m)) * (v - m) for j, v in enumerate(s) if j != y)
    return softplus(push + pull)


def unreduced(inputs, o):
    labels = inputs["target"].data
    return rows_against(inputs, lambda x, prototypes, n: formula(x, prototypes, labels[n], o))


MILD = {"gamma": 4}


def _cases():
    yield case("faces-none", FACES, "ordinary", reduction="none")
    yield from prototype_cases(MILD)
    yield from zero_prototype(MILD)
    for margin in (0, 0.4, 1):
        yield case(f"margin-{margin}-none", faces(f"m{margin}"), "option", margin=margin, gamma=8, reduction="none")
    for gamma in (0.5, 20, 80, 128, 700):
        yield case(f"gamma-{gamma}-none", faces(f"g{gamma}"), "option extreme", gamma=gamma, reduction="none")
    opposite = toward([[3, 4.5]], [0], ((3, 4), (-3, -4.25)))
    yield case("opposite-none", opposite, "saturated", "a negative beyond −m: weight 0", reduction="none")
    yield error("BAD_OPTION", "error-margin", FACES, "margin must be <= 1", margin=1.5)
    yield error("BAD_OPTION", "error-gamma-zero", FACES, "gamma must be > 0", gamma=0)


def _torch(F, t, o):
    """As cross entropy of the weighted logits; an own logit among them that is weighted as the positive."""
    s = F.normalize(t.input) @ F.normalize(t.prototypes).T
    own = F.one_hot(t.target, len(t.prototypes)).bool()
    positive = (1 + o.margin - s).relu().detach() * (s - (1 - o.margin))
    negative = (s + o.margin).relu().detach() * (s - o.margin)
    logits = o.gamma * positive.where(own, negative)
    return (
        None if o.reduction == "partial" else reduced(F.cross_entropy(logits, t.target, reduction="none"), o.reduction)
    )


LOSS = Loss(
    id="circleClassification",
    paper="Sun et al., Circle Loss: A Unified Perspective of Pair Similarity Optimization, 2020, eq. 6",
    defaults={"margin": 0.25, "gamma": 256},
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[torch_check("nn.functional.cross_entropy of weighted logits", _torch, [ZERO])],
)
