"""Cross-entropy of a softmax: −ln softmax(x)_y, as `nn.functional.cross_entropy` in both target forms.

Indices:       l = (1−s)·w_y·(−ln p_y) + (s/C)·Σ_c w_c·(−ln p_c);   the mean divides by Σ w_y of the rows not ignored.
Probabilities: l = −Σ_c w_c·t′_c·ln p_c with t′ = t(1−s) + s/C;      the mean divides by the number of rows.
"""

from case_lists.cross_entropy import CASES

from isoloss_oracle.blocks import Block, ClassRows, Unreduced, is_masked, places
from isoloss_oracle.conventions import weigh
from isoloss_oracle.crosscheck import jax_check, torch_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import log, mpf
from isoloss_oracle.softmax import (
    ARRAY_KNOWN,
    TORCH_KNOWN,
    cross_entropy_torch,
    log_softmax,
    plain_optax,
    weights_of_indices,
)


def negative_logs(x, from_logits):
    """−ln p_c of a row."""
    logs = log_softmax(x) if from_logits else [log(p) for p in x]
    return [-v for v in logs]


def index_loss(x, y, w, s, from_logits):
    losses = negative_logs(x, from_logits)
    hard = (1 - s) * w[y] * losses[y] if s != 1 else 0
    return hard + s / len(x) * sum(wc * lc for wc, lc in zip(w, losses)) if s else hard


def probability_loss(x, t, w, s, from_logits):
    soft = [tc * (1 - s) + s / len(x) for tc in t]
    return sum(wc * weigh(tc, lc) for wc, tc, lc in zip(w, soft, negative_logs(x, from_logits)))


def unreduced(inputs, o):
    rows = ClassRows(inputs["input"].shape, o.classAxis)
    by_index = inputs["target"].dtype == "int32"
    make = _index_block if by_index else _probability_block
    blocks = [None if is_masked(inputs, at) else make(inputs, rows, n, o) for n, at in enumerate(rows.coordinates)]
    return Unreduced(rows.shape, blocks)


def _split(numbers, classes):
    return [numbers[i : i + classes] for i in range(0, len(numbers), classes)]


def _index_block(inputs, rows, n, o):
    y, C, s = inputs["target"].data[n], rows.classes, mpf(o.labelSmoothing)
    if y == o.ignoreIndex:
        return None
    spots, ones = places("input", rows.row(n)), [mpf(1)] * C
    if "weight" not in inputs:
        return Block(lambda x: index_loss(x, y, ones, s, o.fromLogits), spots)

    def weighted(numbers):
        x, w = _split(numbers, C)
        return index_loss(x, y, w, s, o.fromLogits)

    return Block(weighted, spots + places("weight", range(C)), counts=("weight", y))


def _probability_block(inputs, rows, n, o):
    C, s, weights = rows.classes, mpf(o.labelSmoothing), "weight" in inputs
    spots = places("input", rows.row(n)) + places("target", rows.row(n))

    def formula(numbers):
        x, t, *w = _split(numbers, C)
        return probability_loss(x, t, w[0] if w else [mpf(1)] * C, s, o.fromLogits)

    return Block(formula, spots + places("weight", range(C)) if weights else spots)


LOSS = Loss(
    id="crossEntropy",
    paper="torch.nn.functional.cross_entropy; Szegedy, Rethinking the Inception Architecture, 2016 (label smoothing)",
    defaults={"classAxis": 1, "ignoreIndex": -100, "labelSmoothing": 0, "fromLogits": True},
    unreduced=unreduced,
    cases=CASES,
    checks=[
        torch_check("nn.functional.cross_entropy", cross_entropy_torch, TORCH_KNOWN, constant=weights_of_indices),
        jax_check(
            "optax",
            "softmax_cross_entropy_with_integer_labels",
            lambda m, jnp, t, o: m.softmax_cross_entropy_with_integer_labels(t["input"], t["target"]),
            lambda case: plain_optax(case, "int32"),
            ARRAY_KNOWN,
        ),
        jax_check(
            "optax",
            "softmax_cross_entropy",
            lambda m, jnp, t, o: m.softmax_cross_entropy(t["input"], t["target"]),
            lambda case: plain_optax(case, "float32"),
            ARRAY_KNOWN,
        ),
    ],
)
