"""Generalized cross-entropy: (1 − p_y^q)/q, Zhang and Sabuncu 2018; of probabilities, or of softmax(x)."""

from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.classes import infinite_scores, label_blocks, label_cases, only, surprise
from isoloss_oracle.conventions import decide
from isoloss_oracle.crosscheck import Known, jax_check
from isoloss_oracle.labelled import index
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import exp, log, mpf
from isoloss_oracle.tensors import floats, ints


def formula(x, y, q, from_logits):
    if from_logits:
        return (1 - exp(-q * surprise(x, y))) / q
    if decide(bool(x[y] == 0)):
        return 1 / q
    return (1 - exp(q * log(x[y]))) / q


def draw(key, shape, axis=1):
    return {**index(key, shape, axis), "input": Draw(key).probabilities(shape, axis)}


HALF = {"input": floats([[0.5, 0.5]]), "target": ints([0])}
P3 = {"input": floats([[0.2, 0.3, 0.5], [0.9, 0.05, 0.05]]), "target": ints([2, 1])}
L3 = {"input": floats([[1, 2, 3], [0.5, -1, 0.2]]), "target": ints([2, 0])}


def _logits(one):
    from dataclasses import replace

    return replace(one, key=f"logits-{one.key}", options={**one.options, "fromLogits": True})


def _cases():
    yield from label_cases(draw=draw, scales=())
    kept = ("plain", "hard", "random", "rank", "axis", "last", "minus", "plus", "offset", "equal", "empty-mean")
    yield from (_logits(c) for c in [*label_cases(), *infinite_scores()] if c.key.startswith(kept))
    yield case("golden", HALF, "fixture option", q=0.7, near=0.549183)
    for q in (0.001, 0.1, 0.7, 1):
        yield case(f"q-{q}", P3, "option", q=q, reduction="none")
        yield case(f"logits-q-{q}", L3, "option", q=q, fromLogits=True, reduction="none")
        sure = {"input": floats([[37, 0, -1], [104, 0, 0], [0, 90, 1]]), "target": ints([0, 0, 0])}
        yield case(f"logits-q-{q}-sure", sure, "option extreme saturated", q=q, fromLogits=True, reduction="none")
    yield case("q-1-mean", P3, "option reduction", q=1, reduction="mean")
    certain = {"input": floats([[1, 0], [0.9999999403953552, 5.960464477539063e-8]]), "target": ints([0, 0])}
    yield case("certain", certain, "saturated", "p = 1: 0", reduction="none")
    tiny = {"input": floats([[1e-30, 1], [1e-6, 0.5]]), "target": ints([0, 0])}
    yield case("tiny", tiny, "extreme", reduction="none")
    zero = {"input": floats([[0, 1]]), "target": ints([0])}
    yield case(
        "impossible", zero, "saturated", "p = 0: 1/q, with an infinite slope", reduction="none", near=2, gradients=()
    )
    beyond = {"input": floats([[2, 5], [700, 90]]), "target": ints([0, 1])}
    yield case("unnormalised", beyond, "ordinary", "not checked", reduction="none")
    for q in (0, 1.5, -0.5):
        yield error("BAD_OPTION", f"error-q-{q}", P3, "q must be in (0, 1]", q=q)
    yield error("BAD_OPTION", "error-from-logits-text", P3, fromLogits="yes")


def _keras(keras, jnp, t, o):
    return keras.losses.categorical_generalized_cross_entropy(t["target"], t["input"], o.q)


READS = Known("keras multiplies by a one-hot target: the NaN of another class is read", ("keras",), flags={"nan"})

LOSS = Loss(
    id="generalizedCrossEntropy",
    paper="Zhang and Sabuncu, Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels, 2018",
    defaults={"q": 0.5, "fromLogits": False, "classAxis": 1},
    unreduced=lambda inputs, o: label_blocks(inputs, o, lambda x, y: formula(x, y, mpf(o.q), o.fromLogits)),
    cases=list(_cases()),
    checks=[jax_check("keras", "losses.categorical_generalized_cross_entropy", _keras, only("q"), [READS])],
)
