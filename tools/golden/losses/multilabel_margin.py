"""Multi-label margin: Σ_{j in targets} Σ_{i not in targets} max(0, 1 − x_j + x_i) / C, as torch's.

The list of targets ends at the first −1; a target listed twice counts twice.
"""

from isoloss_oracle.batteries import INF, NAN, REDUCTIONS, refused_requests
from isoloss_oracle.blocks import Block, Unreduced, last_axis, places
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import relu
from isoloss_oracle.crosscheck import Known, torch_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.tensors import floats, ints


def formula(x, targets):
    gaps = [relu(1 - x[j] + v) for j in targets for i, v in enumerate(x) if i not in targets]
    return sum(gaps, mpf(0)) / len(x)


def unreduced(inputs, o):
    shape, target = inputs["input"].shape, inputs["target"].data
    blocks = []
    for n in range(1 if len(shape) == 1 else shape[0]):
        row = [target[i] for i in last_axis(shape, n)]
        targets = row[: row.index(-1)] if -1 in row else row
        blocks.append(Block(lambda x, targets=targets: formula(x, targets), places("input", last_axis(shape, n))))
    return Unreduced(shape[:-1], blocks)


LISTS = [[3, 0, -1, 1], [-1, 2, 2, 2], [1, -1, -1, -1], [2, 0, 3, 1], [3, 3, -1, 0], [0, 1, 2, -1]]
X = [0.1, 0.2, 0.4, 0.8]


def rows(*lists, scale=1.5, key="x"):
    return {"input": Draw(f"{key}{len(lists)}").normal((len(lists), 4), scale), "target": ints(lists)}


def fixture(*target):
    return {"input": floats([X]), "target": ints([target])}


def _cases():
    fixtures = {"ended": ((3, 0, -1, 1), 0.85), "three": ((3, 0, 1, -1), 0.775), "single": ((3, -1, -1, -1), 0.325)}
    for label, (target, near) in fixtures.items():
        yield case(f"golden-{label}", fixture(*target), "fixture", reduction="none", near=near)
    twice = fixture(3, 3, -1, 0)
    yield case("golden-twice", twice, "fixture", "listed twice: counts twice", reduction="none", near=0.65)
    yield case("none-listed", fixture(-1, 0, 1, 2), "ordinary", "no targets: 0", reduction="none")
    yield case(
        "all-listed", fixture(2, 0, 3, 1), "ordinary", "no end needed; nothing else is left: 0", reduction="none"
    )
    for name in REDUCTIONS:
        yield case(f"plain-{name}", rows(*LISTS[:3], key=name), "ordinary reduction", reduction=name)
        none = {"input": floats([], (0, 3)), "target": ints([], (0, 3))}
        yield case(f"empty-{name}", none, "empty", "torch's mean and sum are garbage", reduction=name)
        flat = {"input": floats([0.5, -1, 2.25]), "target": ints([1, 0, -1])}
        yield case(f"rank-1-{name}", flat, "rank", reduction=name)
    yield case("lists", rows(*LISTS), "ordinary", "lists of all kinds", reduction="none")
    yield case("lists-mean", rows(*LISTS), "ordinary reduction", reduction="mean")
    for scale in (5, 20, 90, 700, 10000):
        yield case(f"scale-{scale}", rows(*LISTS, scale=scale, key=scale), "extreme", reduction="none")
    kink = {"input": floats([[0.5, 1.5, -1], [2, 2, 2]]), "target": ints([[1, -1, 0], [0, -1, -1]])}
    yield case("kink", kink, "kink", "at the margin: slope 0", reduction="none")
    offset = {"input": floats([[10001, 10000.5, 9999]]), "target": ints([[0, -1, -1]])}
    yield case("offset", offset, "unstable", "a common offset of 1e4", reduction="none")
    yield case("one-class", {"input": floats([[3], [4]]), "target": ints([[0], [-1]])}, "ordinary", reduction="none")
    infinite = {"input": floats([[1, -INF, 0.5], [0, INF, 1]]), "target": ints([[0, -1, 0], [2, -1, 0]])}
    yield case("infinity", infinite, "infinity", reduction="none", gradients=())
    nan = {"input": floats([[NAN, 0, 1], [0, 1, 0.5]]), "target": ints([[1, -1, 0]] * 2)}
    yield case("nan", nan, "nan", reduction="none", gradients=())
    good = rows(*LISTS[:2])
    yield from refused_requests(good)
    yield error("LABEL_OUT_OF_RANGE", "error-label-high", {**good, "target": ints([[4, -1, 0, 0], [0, -1, 0, 0]])})
    late = {**good, "target": ints([[0, -1, 4, 0], [0, -1, 0, 0]])}
    yield error("LABEL_OUT_OF_RANGE", "error-label-late", late, "what follows the end is checked, too")
    yield error("LABEL_OUT_OF_RANGE", "error-label-negative", {**good, "target": ints([[-2, 0, 0, 0], [0, -1, 0, 0]])})
    yield error("SHAPE_MISMATCH", "error-width", {**good, "target": ints([[0, -1], [0, -1]])})
    yield error("RANK_MISMATCH", "error-target-rank", {**good, "target": ints([0, -1])})
    yield error("BAD_DTYPE", "error-float-labels", {**good, "target": floats([[0, -1, 0, 0], [0, -1, 0, 0]])})


def _torch(F, t, o):
    return None if o.reduction == "partial" else F.multilabel_margin_loss(t.input, t.target, reduction=o.reduction)


GARBAGE = Known("torch returns uninitialised memory for an empty batch", ("torch",), flags={"empty"}, garbage=True)
DROPS = Known("torch adds only what compares as > 0, which drops NaN", ("torch",), flags={"nan"})

LOSS = Loss(
    id="multilabelMargin",
    paper="torch.nn.functional.multilabel_margin_loss",
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[torch_check("nn.functional.multilabel_margin_loss", _torch, [GARBAGE, DROPS])],
)
