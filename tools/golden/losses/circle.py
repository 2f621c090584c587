"""Sun et al., Circle Loss, 2020, eq. 6, for the pairs of a labelled batch, as pytorch-metric-learning 2.9.

softplus(ln Σ_p exp(−γ·α_p·(s_p − (1 − m))) + ln Σ_n exp(γ·α_n·(s_n − m))) per anchor, with s = cos, the weights
α_p = max(0, 1 + m − s_p) and α_n = max(0, s_n + m) constant in the gradient. An anchor without a positive or without a
negative is 0; the mean is over the others.
"""

from isoloss_oracle.cases import case, error
from isoloss_oracle.conventions import constant, relu
from isoloss_oracle.embeddings import (
    E4,
    average_of_non_zero,
    batch,
    cosine,
    labelled,
    log_sum_exp,
    negatives,
    pair_cases,
    pair_check,
    positives,
    softplus,
    whole,
)
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf


def formula(embeddings, i, labels, o):
    near, far = positives(labels, i), negatives(labels, i)
    if not near or not far:
        return mpf(0)
    m, gamma = mpf(o.margin), mpf(o.gamma)
    s = {j: cosine(embeddings[i], embeddings[j]) for j in near + far}
    pull = log_sum_exp(-gamma * constant(relu(1 + m - s[j])) * (s[j] - (1 - m)) for j in near)
    push = log_sum_exp(gamma * constant(relu(s[j] + m)) * (s[j] - m) for j in far)
    return softplus(pull + push)


def unreduced(inputs, o):
    labels = inputs["labels"].data
    anchors = range(len(labels))
    blocks = whole(inputs, ("embeddings",), lambda x, i: formula(x, i, labels, o), (len(labels),))
    return average_of_non_zero(
        blocks, sum(bool(positives(labels, i) and negatives(labels, i)) for i in anchors), o.reduction
    )


MEASURED = labelled([[1, 0], [0.6, 0.8], [0, 1]], [0, 0, 1])
MILD = {"gamma": 4}


def _cases():
    yield case("fixture-none", labelled([[1, 0], [0.9, 0.43588989], [0, 1]], [0, 0, 1]), "fixture", reduction="none")
    yield case("e4-none", E4, "fixture", reduction="none")
    yield case("e4-mean", E4, "fixture", reduction="mean")
    doubled = labelled([[2, 0], [1.2, 1.6], [0, 2], [-1.2, 1.6]], [0, 0, 1, 1])
    yield case("doubled-mean", doubled, "ordinary", "normalised: keras's isn't", reduction="mean")
    yield case("triple-mean", MEASURED, "ordinary", reduction="mean")
    yield from pair_cases(MILD)
    for margin in (0, 0.25, 1):
        inputs = batch(f"margin{margin}", [0, 1, 0, 1])
        yield case(f"margin-{margin}-none", inputs, "option", margin=margin, gamma=8, reduction="none")
    for gamma in (1, 20, 90, 256, 700):
        inputs = batch(f"g{gamma}", [0, 1, 0, 1], 2)
        yield case(f"gamma-{gamma}-none", inputs, "option extreme", gamma=gamma, reduction="none")
        yield case(f"gamma-{gamma}-mean", inputs, "option extreme", gamma=gamma, reduction="mean")
    opposite = labelled([[3, 4], [3, 4.5], [-3, -4], [-3, -3.5]], [0, 0, 1, 1])
    yield case("opposite-none", opposite, "saturated", "negatives beyond −m: weight 0", reduction="none")
    yield case("paper-mean", E4, "option", "the paper's for faces", margin=0.25, gamma=256, reduction="mean")
    yield error("BAD_OPTION", "error-margin", E4, "margin must be <= 1", margin=1.5)
    yield error("BAD_OPTION", "error-margin-negative", E4, "margin must be >= 0", margin=-0.1)
    yield error("BAD_OPTION", "error-gamma-zero", E4, "gamma must be > 0", gamma=0)


LOSS = Loss(
    id="circle",
    paper="Sun et al., Circle Loss: A Unified Perspective of Pair Similarity Optimization, 2020, eq. 6",
    defaults={"margin": 0.4, "gamma": 80},
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[pair_check("CircleLoss", lambda m, o: m.losses.CircleLoss(m=o.margin, gamma=o.gamma))],
)
