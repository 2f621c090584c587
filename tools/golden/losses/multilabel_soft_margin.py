"""Mean over the classes of w_c·(binary cross-entropy of logits), as `nn.functional.multilabel_soft_margin_loss`."""

from isoloss_oracle.batteries import INF, NAN, REDUCTIONS
from isoloss_oracle.binary import softplus
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import weigh
from isoloss_oracle.crosscheck import Known, torch_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.rows import row_blocks, row_cases
from isoloss_oracle.tensors import floats


def formula(x, t, w):
    terms = [weigh(tc, softplus(-xc)) + weigh(1 - tc, softplus(xc)) for xc, tc in zip(x, t)]
    return sum(v if w is None else w[c] * v for c, v in enumerate(terms)) / len(x)


def _make(draw, shape):
    return {"input": draw.normal(shape, 2), "target": draw.bits(shape)}


def _soft(key, shape=(2, 3)):
    draw = Draw(key)
    return {"input": draw.normal(shape, 2), "target": draw.uniform(shape)}


W3 = floats([1, 2, 3])
GOLDEN = {"input": floats([[1, -2, 0.5]]), "target": floats([[1, 0, 1]])}


def _cases():
    yield from row_cases(_make)
    yield case("golden", GOLDEN, "fixture", reduction="none", near=0.304756)
    weighted = {**GOLDEN, "weight": W3}
    yield case(
        "golden-weight", weighted, "fixture weight", "divides by C all the same", reduction="none", near=0.663116
    )
    for name in REDUCTIONS:
        yield case(f"weight-{name}", {**_soft(f"w-{name}"), "weight": W3}, "weight reduction", reduction=name)
    yield case("weight-rank-3", {**_soft("w3", (2, 1, 3)), "weight": W3}, "weight rank", reduction="none")
    yield case("weight-zero", {**_soft("w0"), "weight": floats([0, 0, 1])}, "weight", reduction="mean")
    yield case("soft-targets", _soft("soft"), "ordinary", reduction="none")
    yield case(
        "beyond-targets", {**GOLDEN, "target": floats([[2, -1, 0.5]])}, "ordinary", "not checked", reduction="none"
    )
    for scale in (5, 20, 90, 700, 10000):
        s = scale
        hard = {"input": floats([[s, -s, s, -s], [s, -s, s, -s]]), "target": floats([[1, 0, 1, 0], [0, 1, 1, 0]])}
        yield case(f"hard-{s}", hard, "extreme saturated", reduction="none")
        draw = Draw(f"random-{s}")
        wide = {"input": draw.normal((2, 3), s), "target": draw.uniform((2, 3))}
        yield case(f"random-{s}", wide, "extreme", reduction="none")
    zero = {"input": floats([[0, 0]]), "target": floats([[1, 0]])}
    yield case("zero-logits", zero, "ordinary", "ln 2", reduction="none")
    right = {"input": floats([[INF, -INF, 1]]), "target": floats([[1, 0, 1]])}
    yield case("infinite-right", right, "infinity", "0 for these", reduction="none", gradients=("input",))
    wrong = {"input": floats([[INF, -INF, 1]]), "target": floats([[0, 1, 1]])}
    yield case("infinite-wrong", wrong, "infinity", "∞", reduction="none", gradients=("input",))
    nan = {"input": floats([[NAN, 1], [0.5, 1]]), "target": floats([[1, 0], [0, 1]])}
    yield case("nan", nan, "nan", reduction="none", gradients=())
    yield error("SHAPE_MISMATCH", "error-weight-classes", {**GOLDEN, "weight": floats([1, 2])})
    yield error("RANK_MISMATCH", "error-weight-rank", {**GOLDEN, "weight": floats([[1, 2, 3]])})


def _torch(F, t, o):
    if o.reduction == "partial":
        return None
    return F.multilabel_soft_margin_loss(t.input, t.target, getattr(t, "weight", None), reduction=o.reduction)


INFINITE = Known("0·∞ in torch's formula gives NaN where the limit exists", ("torch",), flags={"infinity"})

LOSS = Loss(
    id="multilabelSoftMargin",
    paper="torch.nn.functional.multilabel_soft_margin_loss",
    unreduced=lambda inputs, o: row_blocks(inputs, ("input", "target"), formula, shared=("weight",)),
    cases=list(_cases()),
    checks=[torch_check("nn.functional.multilabel_soft_margin_loss", _torch, [INFINITE])],
)
