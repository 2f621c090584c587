"""Symmetric cross-entropy: α·(−ln p_y) + β·(−A)·(1 − p_y) with A for ln 0, Wang et al. 2019."""

from isoloss_oracle.cases import case, error
from isoloss_oracle.classes import infinite_scores, label_blocks, label_cases, others, surprise
from isoloss_oracle.crosscheck import Known, torch_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.softmax import class_axis_second
from isoloss_oracle.tensors import floats, ints


def formula(x, y, o):
    terms = []
    if o.alpha:
        terms.append(mpf(o.alpha) * surprise(x, y))
    if o.beta:
        terms.append(-mpf(o.beta) * mpf(o.logZero) * others(x, y))
    return sum(terms) if terms else 0 * surprise(x, y)


L3 = {"input": floats([[1, 2, 3], [0.5, -1, 0.2]]), "target": ints([2, 0])}
SURE = {"input": floats([[17, 0, 0], [37, 0, -1], [104, 0, 0]]), "target": ints([0, 0, 0])}


def _cases():
    yield from label_cases()
    yield from infinite_scores()
    yield case("cross-entropy", L3, "option", alpha=1, beta=0, reduction="none", near=[0.4076059, 0.6749570])
    yield case("reverse-only", L3, "option", "bounded: −A·(1 − p)", alpha=0, reduction="none")
    yield case("absolute-error", L3, "option", "A = −2: the absolute error", alpha=0, logZero=-2, reduction="none")
    yield case("both", L3, "option reduction", alpha=6, beta=0.1, reduction="mean")
    yield case("log-zero-6", L3, "option", logZero=-6, reduction="none")
    yield case("sure", SURE, "saturated unstable", reduction="none")
    yield case("nothing", L3, "option", "both off", alpha=0, beta=0, reduction="none")
    yield error("BAD_OPTION", "error-alpha", L3, "alpha must be >= 0", alpha=-1)
    yield error("BAD_OPTION", "error-beta", L3, "beta must be >= 0", beta=-1)
    yield error("BAD_OPTION", "error-log-zero", L3, "logZero must be < 0", logZero=0)


def _torch(F, t, o):
    """Cross-entropy, and half the absolute error between one-hot and softmax, which is 1 − p_y."""
    if o.reduction != "none":
        return None
    x = class_axis_second(t.input, o.classAxis)
    axis = 0 if x.dim() == 1 else 1
    hot = F.one_hot(t.target, x.shape[axis]).to(x.dtype).movedim(-1, axis)
    wrong = F.l1_loss(x.softmax(axis), hot, reduction="none").sum(axis) / 2
    return o.alpha * F.cross_entropy(x, t.target, reduction="none") - o.beta * o.logZero * wrong


INFINITE = Known("torch's softmax of +∞ is NaN where the limit exists", ("torch",), flags={"infinity"})

LOSS = Loss(
    id="symmetricCrossEntropy",
    paper="Wang et al., Symmetric Cross Entropy for Robust Learning with Noisy Labels, 2019, eq. 7",
    defaults={"alpha": 0.1, "beta": 1, "logZero": -4, "classAxis": 1},
    unreduced=lambda inputs, o: label_blocks(inputs, o, lambda x, y: formula(x, y, o)),
    cases=list(_cases()),
    checks=[torch_check("nn.functional.cross_entropy and l1_loss", _torch, [INFINITE])],
)
