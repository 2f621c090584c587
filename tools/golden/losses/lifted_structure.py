"""Oh Song et al., Lifted Structured Feature Embedding, 2016, eq. 4, as pytorch-metric-learning 2.9, on unit vectors:
½·relu(ln Σ_{n negative of i or of j} exp(m_n − d) + d_ij − m_p)² averaged over the positive pairs (i, j); of none, 0.

d_in and d_jn are distances from either end. Without a negative a pair is 0.
"""

from isoloss_oracle.cases import case, error
from isoloss_oracle.conventions import norm, relu
from isoloss_oracle.crosscheck import Known
from isoloss_oracle.embeddings import (
    E4,
    batch,
    labelled,
    log_sum_exp,
    negatives,
    pair_cases,
    pair_check,
    positives,
    unit,
    whole,
)
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf


def formula(embeddings, labels, o):
    x = [unit(e) for e in embeddings]
    d = lambda i, j: norm([a - b for a, b in zip(x[i], x[j])])  # noqa: E731
    terms = []
    for i in range(len(labels)):
        for j in positives(labels, i):
            far = [mpf(o.negativeMargin) - d(end, n) for end in (i, j) for n in negatives(labels, end)]
            if far:
                terms.append(relu(log_sum_exp(far) + d(i, j) - mpf(o.positiveMargin)) ** 2 / 2)
    return sum(terms, mpf(0)) / max(len(terms), 1)


def unreduced(inputs, o):
    return whole(inputs, ("embeddings",), lambda x: formula(x, inputs["labels"].data, o))


def _cases():
    yield case("fixture", E4, "fixture", near=1.970297)
    yield from pair_cases()
    for name, values in {"negativeMargin": (0, 0.5, 20, 700), "positiveMargin": (0.5, 2, -20)}.items():
        for value in values:
            inputs = batch(f"{name}{value}", [0, 1, 0, 1], 2)
            yield case(f"{name}-{value}", inputs, "option", **{name: value})
    met = labelled([[3, 4], [3, 4], [-4, 3], [0, 1]], [0, 0, 1, 1])
    yield case("met", met, "kink", "a pair in one point: norm′(0) = 0")
    easy = batch("easy", [0, 1, 0, 1], 2)
    yield case("satisfied", easy, "ordinary", "inactive: 0", positiveMargin=9, near=0)
    yield error("BAD_OPTION", "error-margin", E4, negativeMargin="one")


CDIST = Known("torch's cdist expands the square and cancels", ("pytorch-metric-learning",), flags={"kink"})

LOSS = Loss(
    id="liftedStructure",
    paper="Oh Song et al., Deep Metric Learning via Lifted Structured Feature Embedding, 2016, eq. 4",
    defaults={"negativeMargin": 1, "positiveMargin": 0},
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[
        pair_check(
            "LiftedStructureLoss",
            lambda m, o: m.losses.LiftedStructureLoss(neg_margin=o.negativeMargin, pos_margin=o.positiveMargin),
            [CDIST],
            ("none", "mean", "sum"),
        )
    ],
)
