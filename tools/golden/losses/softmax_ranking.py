"""The softmax loss of TF-Ranking (Pasumarthi et al., 2019): −Σ r·ln softmax(s), relevances as they are."""

from isoloss_oracle.cases import case
from isoloss_oracle.conventions import weigh
from isoloss_oracle.crosscheck import Known, jax_check
from isoloss_oracle.listwise import list_cases, lists, pair
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import INF, mpf
from isoloss_oracle.softmax import log_softmax


def formula(s, r):
    return -sum((weigh(y, p) for y, p in zip(r, log_softmax(s))), mpf(0)) if s else mpf(0)


SILENT = Known("optax multiplies a relevance of 0 by log 0 = −∞", ("optax",), flags={"infinity"})

PADDED = pair([[1, -INF, 0.5], [2, 0.25, -INF]], [[1, 0, 2], [0, 3, 0]])

LOSS = Loss(
    id="softmaxRanking",
    paper="Pasumarthi et al., TF-Ranking: Scalable TensorFlow Library for Learning-to-Rank, 2019",
    unreduced=lambda inputs, o: lists(inputs, formula),
    cases=[
        *list_cases(2.222818),
        case("padded-none", PADDED, "infinity", "two items are ruled out", reduction="none"),
        case("padded-mean", PADDED, "infinity", "two items are ruled out"),
    ],
    checks=[
        jax_check(
            "optax",
            "losses.ranking_softmax_loss",
            lambda m, jnp, t, o: m.losses.ranking_softmax_loss(t["input"], t["target"], reduce_fn=None),
            lambda case: case.options.get("reduction") == "none" and "empty" not in case.flags,
            known=[SILENT],
        )
    ],
)
