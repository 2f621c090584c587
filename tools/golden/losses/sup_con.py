"""Khosla et al., Supervised Contrastive Learning, 2020, eq. 2, with the reduction of pytorch-metric-learning 2.9.

−1/|P(i)|·Σ_{p∈P(i)} ln(exp(s_ip/T)/Σ_{k≠i} exp(s_ik/T)) per anchor, s = cos; 0 for an anchor without a positive; the
mean is over the others.
"""

from isoloss_oracle.cases import case, error
from isoloss_oracle.crosscheck import Known
from isoloss_oracle.embeddings import (
    E4,
    average_of_non_zero,
    batch,
    cosine,
    cross_entropy,
    negatives,
    pair_cases,
    pair_check,
    positives,
    whole,
)
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf


def formula(embeddings, i, labels, o):
    near = positives(labels, i)
    if not near:
        return mpf(0)
    others = [j for j in range(len(labels)) if j != i]
    logits = [cosine(embeddings[i], embeddings[j]) / mpf(o.temperature) for j in others]
    return sum(cross_entropy(logits, others.index(p)) for p in near) / len(near)


def unreduced(inputs, o):
    labels = inputs["labels"].data
    blocks = whole(inputs, ("embeddings",), lambda x, i: formula(x, i, labels, o), (len(labels),))
    counted = sum(bool(positives(labels, i)) for i in range(len(labels)))
    return average_of_non_zero(blocks, counted, o.reduction)


MILD = {"temperature": 0.5}


def _cases():
    yield case("fixture-mean", E4, "fixture", reduction="mean", near=0.7082684)
    yield case("fixture-half", E4, "fixture option", "ntXent's number", temperature=0.5, near=0.6428929)
    yield from pair_cases(MILD)
    for temperature in (0.001, 0.01, 0.07, 1, 20):
        inputs = batch(f"t{temperature}", [0, 1, 0, 1], 2)
        yield case(
            f"temperature-{temperature}-none", inputs, "option extreme", temperature=temperature, reduction="none"
        )
        yield case(
            f"temperature-{temperature}-mean", inputs, "option extreme", temperature=temperature, reduction="mean"
        )
    yield error("BAD_OPTION", "error-temperature", E4, "temperature must be > 0", temperature=0)


ALONE = Known(
    "gives 0 for a batch of one class: the paper's denominator needs no negatives",
    ("pytorch-metric-learning",),
    lambda case: not negatives(case.inputs["labels"].data, 0),
)

LOSS = Loss(
    id="supCon",
    paper="Khosla et al., Supervised Contrastive Learning, 2020, eq. 2",
    defaults={"temperature": 0.1},
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[pair_check("SupConLoss", lambda m, o: m.losses.SupConLoss(temperature=o.temperature), [ALONE])],
)
