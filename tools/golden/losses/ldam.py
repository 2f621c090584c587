"""LDAM: cross-entropy of s·(x − Δ_y·onehot(y)) with Δ_j ∝ n_j^(−1/4), the largest maxMargin, Cao et al. 2019, eq. 13.

The counts are data: their gradient is 0.
"""

from mpmath import mp

from isoloss_oracle.cases import case, error
from isoloss_oracle.classes import infinite_scores_beside, label_blocks, label_cases, surprise
from isoloss_oracle.conventions import constant
from isoloss_oracle.crosscheck import torch_check
from isoloss_oracle.labelled import index
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.softmax import class_axis_second
from isoloss_oracle.tensors import floats, ints


def formula(x, y, counts, o):
    rarity = [constant(mp.power(n, mpf(-1) / 4)) for n in counts]
    margin = mpf(o.maxMargin) * rarity[y] / max(rarity)
    return surprise([mpf(o.scale) * (v - margin if c == y else v) for c, v in enumerate(x)], y)


def extra(classes):
    return {"counts": floats([5000 // 4**c + 1 for c in range(classes)])}


L3 = {"input": floats([[0.5, 0.25, 0.75], [0.5, -1, 0.2]]), "target": ints([2, 0]), "counts": floats([4096, 256, 16])}


def _cases():
    yield from label_cases(extra=extra)
    yield from infinite_scores_beside(extra(3))
    yield case("long-tail", L3, "ordinary", "margins of ⅛, ¼ and ½", reduction="none")
    yield case("long-tail-mean", L3, "ordinary reduction", reduction="mean")
    equal = {**L3, "counts": floats([100, 100, 100])}
    yield case("equal-counts", equal, "ordinary", "one margin for all", reduction="none")
    for scale in (1, 10, 100):
        yield case(f"scale-{scale}", L3, "option", scale=scale, reduction="none")
    for margin in (0.1, 1, 5):
        yield case(f"margin-{margin}", L3, "option", maxMargin=margin, reduction="none")
    yield case("scale-1-mean", {**index("s1", (3, 3)), **extra(3)}, "option reduction", scale=1, reduction="mean")
    rare = {**L3, "counts": floats([1e6, 1, 3])}
    yield case("rare", rare, "extreme", reduction="none")
    yield error("BAD_OPTION", "error-margin", L3, "maxMargin must be > 0", maxMargin=0)
    yield error("BAD_OPTION", "error-scale", L3, "scale must be > 0", scale=0)
    yield error("MISSING_INPUT", "error-no-counts", {k: v for k, v in L3.items() if k != "counts"})


def _torch(F, t, o):
    """The authors' code: margins by class, the label's own taken off, scaled."""
    if o.reduction == "partial" or not t.input.isfinite().all():
        return None
    x = class_axis_second(t.input, o.classAxis)
    axis = 0 if x.dim() == 1 else 1
    margins = t.counts.detach() ** -0.25
    margins = margins * (o.maxMargin / margins.max())
    hot = F.one_hot(t.target, len(margins)).to(x.dtype).movedim(-1, axis)
    shift = margins.reshape([-1 if k == axis else 1 for k in range(x.dim())])
    return F.cross_entropy(o.scale * (x - hot * shift), t.target, reduction=o.reduction)


LOSS = Loss(
    id="ldam",
    paper="Cao et al., Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss, 2019, eq. 13",
    defaults={"maxMargin": 0.5, "scale": 30, "classAxis": 1},
    unreduced=lambda inputs, o: label_blocks(inputs, o, lambda x, y, n: formula(x, y, n, o), ("counts",)),
    cases=list(_cases()),
    checks=[torch_check("nn.functional.cross_entropy of the shifted logits", _torch)],
)
