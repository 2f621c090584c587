"""Chen et al., SimCLR, 2020, eq. 1, for labels as pytorch-metric-learning 2.9 and optax: for every positive pair (i, j)
−ln(exp(s_ij/T)/(exp(s_ij/T) + Σ_{k negative of i} exp(s_ik/T))), s = cos, averaged over the positive pairs; of none, 0.
"""

from isoloss_oracle.cases import case, error
from isoloss_oracle.crosscheck import Known, jax_check
from isoloss_oracle.embeddings import (
    E4,
    ZERO,
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


def formula(embeddings, labels, o):
    terms = []
    for i in range(len(labels)):
        s = lambda j: cosine(embeddings[i], embeddings[j]) / mpf(o.temperature)  # noqa: B023, E731
        others = log_sum_exp(s(k) for k in negatives(labels, i)) if positives(labels, i) else None
        terms += [softplus(others - s(j)) for j in positives(labels, i)]
    return sum(terms, mpf(0)) / max(len(terms), 1)


def unreduced(inputs, o):
    return whole(inputs, ("embeddings",), lambda x: formula(x, inputs["labels"].data, o))


MILD = {"temperature": 0.5}


def _cases():
    yield case("fixture-half", E4, "fixture option", temperature=0.5, near=0.6428929)
    yield case("fixture", E4, "fixture", near=0.9018710)
    yield from pair_cases(MILD)
    for temperature in (0.001, 0.01, 0.1, 1, 20):
        inputs = batch(f"t{temperature}", [0, 1, 0, 1], 2)
        yield case(f"temperature-{temperature}", inputs, "option extreme", temperature=temperature)
    yield error("BAD_OPTION", "error-temperature", E4, "temperature must be > 0", temperature=0)


ANY = ("none", "mean", "sum")
LOST = Known(
    "is 0/0 without a positive pair, ln 0 − ln 0 without a negative", ("optax",), lambda case: _lacks_pairs(case)
)
FLOORED = Known(
    "adds the smallest number to the probability, so that no pair costs more than 708",
    ("pytorch-metric-learning",),
    keys=("temperature-0.001",),
)
OPTAX_ZERO = Known("optax floors the product of the lengths, not each", ("optax",), flags={"kink"})


def _lacks_pairs(case):
    labels = case.inputs["labels"].data
    anchors = range(len(labels))
    return not all(negatives(labels, i) for i in anchors) or not any(positives(labels, i) for i in anchors)


LOSS = Loss(
    id="ntXent",
    paper="Chen et al., A Simple Framework for Contrastive Learning of Visual Representations, 2020, eq. 1",
    defaults={"temperature": 0.07},
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[
        pair_check("NTXentLoss", lambda m, o: m.losses.NTXentLoss(temperature=o.temperature), [ZERO, FLOORED], ANY),
        jax_check(
            "optax",
            "ntxent",
            lambda m, jnp, t, o: m.ntxent(t["embeddings"], t["labels"], o.temperature),
            lambda case: case.inputs["labels"].size,
            [LOST, OPTAX_ZERO],
        ),
    ],
)
