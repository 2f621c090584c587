"""Hinton, Vinyals and Dean, Distilling the Knowledge, 2015: T²·Σ q·(ln q − ln p), p and q softmax of logits over T."""

from isoloss_oracle.batteries import NAN, REDUCTIONS, refused_requests
from isoloss_oracle.blocks import Block, ClassRows, Unreduced, places
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.crosscheck import torch_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import exp, mpf
from isoloss_oracle.softmax import class_axis_second, log_softmax
from isoloss_oracle.tensors import floats, ints


def formula(student, teacher, temperature):
    p, q = (log_softmax([v / temperature for v in x]) for x in (student, teacher))
    return temperature**2 * sum(exp(b) * (b - a) for a, b in zip(p, q))


def unreduced(inputs, o):
    rows = ClassRows(inputs["input"].shape, o.classAxis)
    C = rows.classes
    one = lambda numbers: formula(numbers[:C], numbers[C:], mpf(o.temperature))  # noqa: E731
    spots = lambda n: places("input", rows.row(n)) + places("target", rows.row(n))  # noqa: E731
    return Unreduced(rows.shape, [Block(one, spots(n)) for n in range(len(rows))])


def drawn(key, shape, scale=2.0):
    draw = Draw(key)
    return {"input": draw.normal(shape, scale), "target": draw.normal(shape, scale)}


def pair(x, t):
    return {"input": floats(x), "target": floats(t)}


GOOD = drawn("good", (2, 3))
FIXTURE = pair([[1, 2, 3]], [[3, 2, 1]])


def _cases():
    yield case("fixture", FIXTURE, "fixture", "RepDistiller", near=1.3196297)
    yield case("fixture-temperature-1", FIXTURE, "fixture option", "KL of the softmaxes", temperature=1, near=1.150408)
    for name in REDUCTIONS:
        yield case(f"reduce-{name}", drawn(name, (2, 3)), "reduction ordinary", reduction=name)
        yield case(f"empty-{name}", pair_empty(), "empty", reduction=name)
    for shape in ((3,), (2, 3), (2, 3, 2), (2, 2, 1, 2)):
        yield case(f"rank-{len(shape)}", drawn(f"rank-{len(shape)}", shape), "rank", reduction="none")
    for axis in (-1, 0, 2):
        yield case(
            f"class-axis-{axis}", drawn(f"axis{axis}", (2, 3, 2)), "rank option", classAxis=axis, reduction="none"
        )
    for temperature in (0.5, 1, 2, 8, 0.1):
        key = f"temperature-{temperature}"
        yield case(key, drawn(key, (2, 3)), "option", temperature=temperature, reduction="none")
    for scale in (5, 20, 90, 700, 10000):
        yield case(f"scale-{scale}", drawn(f"scale-{scale}", (2, 3), scale), "extreme", reduction="none")
        key = f"temperature-1-scale-{scale}"
        yield case(key, drawn(key, (2, 3), scale), "extreme option", temperature=1, reduction="none")
    same = pair([[1, -2, 0.5]], [[1, -2, 0.5]])
    yield case("same", same, "ordinary", "equal: 0", reduction="none")
    yield case("shifted", pair([[1, -2, 0.5]], [[3, 0, 2.5]]), "ordinary", "equal softmaxes", reduction="none")
    near = pair([[1, -2, 0.5]], [[1.0009765625, -2, 0.5]])
    yield case("near", near, "unstable", "a small divergence", reduction="none")
    yield case("nan", pair([[NAN, 1]], [[1, 0]]), "nan", reduction="none", gradients=())
    yield from refused_requests(GOOD)
    yield error("SHAPE_MISMATCH", "error-shape", {**GOOD, "target": floats([[0, 1]] * 2)})
    yield error("RANK_MISMATCH", "error-rank", {**GOOD, "target": floats([0, 1, 2])})
    yield error("RANK_MISMATCH", "error-class-axis", GOOD, classAxis=2)
    yield error("BAD_OPTION", "error-temperature", GOOD, temperature=0)
    yield error("BAD_DTYPE", "error-int-target", {**GOOD, "target": ints([[0, 1, 2]] * 2)})


def pair_empty():
    return {n: floats([], (0, 3)) for n in ("input", "target")}


def _torch(F, t, o):
    if o.reduction == "partial":
        return None
    p, q = (class_axis_second(x, o.classAxis) / o.temperature for x in (t.input, t.target))
    axis = 0 if p.dim() == 1 else 1
    logs = [x.log_softmax(axis) for x in (p, q)]
    losses = F.kl_div(*logs, reduction="none", log_target=True).sum(axis) * o.temperature**2
    return losses if o.reduction == "none" else getattr(losses, o.reduction)()


LOSS = Loss(
    id="distillation",
    paper="Hinton, Vinyals and Dean, Distilling the Knowledge in a Neural Network, 2015",
    defaults={"temperature": 4, "classAxis": 1},
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[torch_check("nn.functional.kl_div", _torch)],
)
