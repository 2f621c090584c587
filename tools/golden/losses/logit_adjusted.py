"""Logit adjustment: cross-entropy of softmax(x + tau·ln prior), Menon et al. 2021, eq. 10."""

from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.classes import infinite_scores_beside, label_blocks, label_cases, surprise
from isoloss_oracle.crosscheck import torch_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import log, mpf
from isoloss_oracle.softmax import class_axis_second
from isoloss_oracle.tensors import floats, ints


def formula(x, y, prior, tau):
    return surprise([v + tau * log(p) for v, p in zip(x, prior)] if tau else x, y)


def extra(classes):
    return {"prior": Draw(f"prior{classes}").probabilities((classes,))}


L3 = {"input": floats([[1, 2, 3], [0.5, -1, 0.2]]), "target": ints([2, 0]), "prior": floats([0.9, 0.09, 0.01])}


def _cases():
    yield from label_cases(extra=extra)
    yield from infinite_scores_beside(extra(3))
    yield case("long-tail", L3, "ordinary", reduction="none")
    yield case("long-tail-mean", L3, "ordinary reduction", reduction="mean")
    uniform = {**L3, "prior": floats([0.25, 0.25, 0.25])}
    yield case(
        "uniform", uniform, "ordinary", "equal priors: cross-entropy", reduction="none", near=[0.4076059, 0.6749570]
    )
    for tau in (0, 0.5, 2):
        yield case(f"tau-{tau}", L3, "option", tau=tau, reduction="none")
    counts = {**L3, "prior": floats([900, 90, 10])}
    yield case("counts", counts, "ordinary", "counts serve as well: a common factor is nothing", reduction="none")
    rare = {**L3, "prior": floats([1, 1e-6, 1e-12])}
    yield case("rare", rare, "extreme", reduction="none")
    yield error("BAD_OPTION", "error-tau", L3, "tau must be >= 0", tau=-1)
    yield error("MISSING_INPUT", "error-no-prior", {k: v for k, v in L3.items() if k != "prior"})


def _torch(F, t, o):
    if o.reduction == "partial" or (t.prior == 0).any() or not t.input.isfinite().all():
        return None
    x = class_axis_second(t.input, o.classAxis)
    axis = 0 if x.dim() == 1 else 1
    shift = (o.tau * t.prior.log()).reshape([-1 if k == axis else 1 for k in range(x.dim())])
    return F.cross_entropy(x + shift, t.target, reduction=o.reduction)


LOSS = Loss(
    id="logitAdjusted",
    paper="Menon et al., Long-tail Learning via Logit Adjustment, 2021, eq. 10",
    defaults={"tau": 1, "classAxis": 1},
    unreduced=lambda inputs, o: label_blocks(inputs, o, lambda x, y, p: formula(x, y, p, mpf(o.tau)), ("prior",)),
    cases=list(_cases()),
    checks=[torch_check("nn.functional.cross_entropy of the shifted logits", _torch)],
)
