"""Wang et al., Multi-Similarity Loss, 2019, eq. 15 without its mining, as pytorch-metric-learning 2.9:
ln(1 + Σ_p exp(−α·(s_p − λ)))/α + ln(1 + Σ_n exp(β·(s_n − λ)))/β per anchor, s = cos; the mean is over all anchors.
"""

from isoloss_oracle.cases import case, error
from isoloss_oracle.embeddings import (
    E4,
    batch,
    cosine,
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
    alpha, beta, base = mpf(o.alpha), mpf(o.beta), mpf(o.base)
    s = lambda j: cosine(embeddings[i], embeddings[j])  # noqa: E731
    pull = softplus(log_sum_exp(-alpha * (s(j) - base) for j in positives(labels, i)))
    push = softplus(log_sum_exp(beta * (s(j) - base) for j in negatives(labels, i)))
    return pull / alpha + push / beta


def unreduced(inputs, o):
    labels = inputs["labels"].data
    return whole(inputs, ("embeddings",), lambda x, i: formula(x, i, labels, o), (len(labels),))


MILD = {"beta": 4}


def _cases():
    yield case("fixture-mean", E4, "fixture", reduction="mean", near=0.408907)
    yield from pair_cases(MILD, nothing="")
    for name, values in {"alpha": (0.5, 20, 700), "beta": (1, 90, 700), "base": (0, 1, -0.5)}.items():
        for value in values:
            inputs = batch(f"{name}{value}", [0, 1, 0, 1], 2)
            yield case(f"{name}-{value}-none", inputs, "option", reduction="none", **{name: value})
            yield case(f"{name}-{value}-mean", inputs, "option", reduction="mean", **{name: value})
    yield error("BAD_OPTION", "error-alpha", E4, "alpha must be > 0", alpha=0)
    yield error("BAD_OPTION", "error-beta", E4, "beta must be > 0", beta=-1)


def _metric_learning(m, o):
    return m.losses.MultiSimilarityLoss(alpha=o.alpha, beta=o.beta, base=o.base)


LOSS = Loss(
    id="multiSimilarity",
    paper="Wang et al., Multi-Similarity Loss with General Pair Weighting for Deep Metric Learning, 2019, eq. 15",
    defaults={"alpha": 2, "beta": 50, "base": 0.5},
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[pair_check("MultiSimilarityLoss", _metric_learning)],
)
