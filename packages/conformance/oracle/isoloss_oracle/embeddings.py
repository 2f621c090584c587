"""What the losses on embeddings share: directions, cosines, pairs of a batch, rows against prototypes, and their cases.

A direction is x/‖x‖; the zero vector has none and stays zero, with derivative 0 (norm′(0) = 0).
"""

from mpmath import mp

from . import libraries
from .batteries import NAN, refused_requests
from .blocks import Block, Unreduced, places
from .cases import Draw, case, error
from .conventions import decide, norm
from .crosscheck import Check, Known, torch_answer, torch_inputs
from .numbers import INF, exp, mpf
from .softmax import log_sum_exp as _log_sum_exp
from .tensors import floats, ints


def unit(x):
    length = norm(x)
    if length == 0:
        return [mpf(0)] * len(x)
    return [v / length for v in x]


def dot(x, y):
    return sum((a * b for a, b in zip(x, y)), mpf(0))


def cosine(x, y):
    return dot(unit(x), unit(y))


def cosines(rows, columns):
    """cos of every row with every column."""
    rows, columns = [unit(x) for x in rows], [unit(y) for y in columns]
    return [[dot(x, y) for y in columns] for x in rows]


def log_sum_exp(values):
    """ln Σ eˣ; −∞ of nothing."""
    values = list(values)
    if any(v != v for v in values):
        decide(None)
        return NAN
    return _log_sum_exp(values) if values else -INF


def softplus(x):
    return mpf(0) if decide(bool(x == -INF)) else mp.log1p(exp(x))


def cross_entropy(logits, label):
    """−log softmax at the label, as log(1 + Σ of the others' exp(difference))."""
    return softplus(log_sum_exp(z - logits[label] for k, z in enumerate(logits) if k != label))


def cut(numbers, tensors):
    """A block's numbers as nested lists in the tensors' shapes."""
    made, at = [], 0
    for tensor in tensors:
        made.append(_nest(numbers[at : at + tensor.size], tensor.shape))
        at += tensor.size
    return made


def _nest(flat, shape):
    if len(shape) < 2:
        return flat if shape else flat[0]
    step = len(flat) // shape[0] if shape[0] else 0
    return [_nest(flat[i * step : (i + 1) * step], shape[1:]) for i in range(shape[0])]


def whole(inputs, names, formula, shape=()):
    """`formula(*tensors)` of all numbers at once, one block; with shape (N,), `formula(*tensors, i)`, one an anchor."""
    names = [n for n in names if n in inputs]
    read = [p for n in names for p in places(n, range(inputs[n].size))]
    tensors = [inputs[n] for n in names]

    def block(*anchor):
        return Block(lambda numbers: formula(*cut(numbers, tensors), *anchor), read)

    return Unreduced(shape, [block()] if shape == () else [block(i) for i in range(shape[0])])


def rows_against(inputs, formula, shared=("prototypes",), first="input"):
    """Blocks of `formula(row of first, *shared tensors, n)`."""
    rows, *rest = inputs[first].shape
    width = inputs[first].size // rows if rows else 0
    tensors = [inputs[n] for n in shared]
    read = [p for n in shared for p in places(n, range(inputs[n].size))]

    def block(n):
        own = places(first, range(n * width, (n + 1) * width))
        one = lambda numbers: formula(numbers[:width], *cut(numbers[width:], tensors), n)  # noqa: E731
        return Block(one, own + read)

    return Unreduced((rows,), [block(n) for n in range(rows)])


def average_of_non_zero(whole_batch, counted, reduction):
    """The mean over the `counted` values, which are those that aren't 0; of none it is 0."""
    from dataclasses import replace

    if not whole_batch.blocks and reduction == "mean":
        return Unreduced((), [Block(lambda _: mpf(0), [])])
    return replace(whole_batch, divisor=max(counted, 1))


# Pairs of a labelled batch.


def positives(labels, i):
    return [j for j, y in enumerate(labels) if y == labels[i] and j != i]


def negatives(labels, i):
    return [j for j, y in enumerate(labels) if y != labels[i]]


def batch(key, labels, width=3, scale=1.0):
    return {"embeddings": Draw(key).normal((len(labels), width), scale), "labels": ints(labels, (len(labels),))}


def labelled(embeddings, labels):
    return {"embeddings": floats(embeddings), "labels": ints(labels)}


E4 = labelled([[1, 0], [0.6, 0.8], [0, 1], [-0.6, 0.8]], [0, 0, 1, 1])
REDUCTIONS = ("none", "mean", "sum")


def pair_cases(plain=None, zero=True, nothing="of nothing: 0"):
    """Cases of every loss of a labelled batch. `plain` are mild options; without `zero`, no zero vector."""
    mild = plain or {}
    for name in REDUCTIONS:
        yield case(f"plain-{name}", batch(f"p-{name}", [0, 1, 0, 1]), "ordinary reduction", reduction=name)
        yield case(f"mild-{name}", batch(f"m-{name}", [0, 1, 1, 2]), "option reduction", reduction=name, **mild)
        none = {"embeddings": floats([], (0, 3)), "labels": ints([], (0,))}
        yield case(f"empty-{name}", none, "empty", nothing, reduction=name)
        lone = batch(f"l-{name}", [2, 1, 1, 5])
        yield case(f"lone-{name}", lone, "reduction", "two anchors without a positive", reduction=name, **mild)
        yield case(
            f"all-different-{name}", batch(f"d-{name}", [0, 1, 2]), "reduction", "no positive pair", reduction=name
        )
        yield case(f"all-same-{name}", batch(f"s-{name}", [3, 3, 3]), "reduction", "no negative pair", reduction=name)
    for reduction in ("none", "mean"):
        yield case(f"one-{reduction}", batch("one", [0]), "reduction", "a batch of one", reduction=reduction)
        yield case(f"two-same-{reduction}", batch("two", [4, 4]), "reduction", reduction=reduction)
        yield case(f"two-different-{reduction}", batch("twod", [4, 1]), "reduction", reduction=reduction)
    yield case("six-none", batch("six", [0, 1, 2, 0, 1, 2], 2), "ordinary", reduction="none", **mild)
    yield case("three-of-a-class-none", batch("three", [1, 1, 1, 0], 2), "ordinary", reduction="none", **mild)
    yield case("width-4-mean", batch("w4", [0, 0, 1], 4), "ordinary", reduction="mean", **mild)
    for size in (1e-6, 5, 20, 90, 700, 10000):
        far = batch(f"x{size}", [0, 1, 0, 1], 2, size)
        yield case(f"length-{size:g}-none", far, "extreme", "normalised inside", reduction="none", **mild)
    apart = labelled([[1, 0], [2, 0.25], [0, 1], [0.125, 3]], [0, 0, 1, 1])
    yield case("well-apart-none", apart, "ordinary", "an easy batch", reduction="none", **mild)
    mixed = labelled([[1, 0], [0, 1], [2, 0.25], [0.125, 3]], [0, 0, 1, 1])
    yield case("mixed-up-none", mixed, "ordinary", "a hard batch", reduction="none", **mild)
    if zero:
        nowhere = labelled([[0, 0], [1, 2], [3, 0.5], [-1, 1]], [0, 0, 1, 1])
        yield case("zero-vector-none", nowhere, "kink", "the zero vector stays 0", reduction="none", **mild)
    broken = labelled([[NAN, 1], [1, 2], [2, 1], [0, 1]], [0, 0, 1, 1])
    for name in REDUCTIONS:
        yield case(f"nan-{name}", broken, "nan", reduction=name, gradients=())
    yield from pair_errors()


def pair_errors(good=E4):
    yield from refused_requests(good, "embeddings", REDUCTIONS)
    yield error("BAD_OPTION", "error-partial", good, "couples examples", reduction="partial")
    yield error("SHAPE_MISMATCH", "error-labels", {**good, "labels": ints([0, 1])})
    yield error("RANK_MISMATCH", "error-rank", {**good, "embeddings": floats([1, 0, 0.5, 2])})
    yield error("BAD_DTYPE", "error-float-labels", {**good, "labels": floats([0, 0, 1, 1])})
    yield error("MISSING_INPUT", "error-no-labels", {"embeddings": good["embeddings"]})


def pair_check(name, make, known=(), reductions=("mean",)):
    """`make(losses, options)` a loss of pytorch-metric-learning, called on the batch."""

    def run(case, o, names):
        if o.reduction not in reductions or not case.inputs["labels"].size:
            return None
        tensors = torch_inputs(case, names)
        loss = make(libraries.load("pytorch-metric-learning"), o)
        return torch_answer(loss(tensors["embeddings"], tensors["labels"]), tensors, names)

    return Check("pytorch-metric-learning", f"losses.{name}", run, tuple(known))


# Rows against prototypes.


FACES = {  # semantics.md's AF
    "input": floats([[0.8, 0.6], [-1, 0.1]]),
    "prototypes": floats([[1, 0], [0, 1], [0.6, 0.8]]),
    "target": ints([0, 0]),
}


def faces(key, rows=2, width=3, classes=3, scale=1.0):
    draw = Draw(key)
    made = {"input": draw.normal((rows, width), scale), "prototypes": draw.normal((classes, width))}
    return {**made, "target": draw.integers((rows,), classes)}


def toward(inputs, target, prototypes=((1, 0), (0, 1))):
    return {"input": floats(inputs), "prototypes": floats(prototypes), "target": ints(target)}


def prototype_cases(mild, separable=True, extra=None):
    """Cases of every loss of rows against prototypes. `extra(key, made)` adds further inputs."""
    more = extra or (lambda key, made: made)
    made = lambda key, *sizes, **rest: more(key, faces(key, *sizes, **rest))  # noqa: E731
    good = more("good", FACES)
    reductions = (*REDUCTIONS, "partial") if separable else REDUCTIONS
    for name in reductions:
        yield case(f"plain-{name}", made(f"p-{name}"), "ordinary reduction", reduction=name)
        yield case(f"mild-{name}", made(f"m-{name}"), "option reduction", reduction=name, **mild)
        none = {"input": floats([], (0, 3)), "prototypes": Draw("none").normal((3, 3)), "target": ints([], (0,))}
        yield case(f"empty-{name}", more("none", none), "empty", reduction=name)
    for size in (1e-6, 5, 20, 90, 700, 10000):
        far = made(f"l{size}", scale=size)
        yield case(f"length-{size:g}-none", far, "extreme", reduction="none", **mild)
    yield case("one-row-mean", made("wide", 1, 4, 4), "reduction", reduction="mean", **mild)
    yield case("four-rows-none", made("four", 4, 2), "ordinary", reduction="none", **mild)
    yield case("one-class-none", made("single", 2, 3, 1), "ordinary", "one class", reduction="none", **mild)
    near = more("near", toward([[1, 0.5009765625, -0.75], [0.7501, 1, 0.5]], [0, 1], ((2, 1, -1.5), (0.75, 1, 0.5))))
    yield case("near-own-none", near, "unstable", "cos near 1", reduction="none", **mild)
    away = more("away", toward([[1, 0.5009765625], [0.5, 2]], [1, 0], ((2, 1), (0.75, 1))))
    yield case("near-other-none", away, "ordinary", "cos near 1 with another class", reduction="none", **mild)
    behind = more("behind", toward([[-1, 0.125], [-4, -3], [-0.96875, 0.5]], [0, 0, 0]))
    yield case("behind-none", behind, "ordinary", "cos near −1 with the own class", reduction="none", **mild)
    nowhere = more("nowhere", toward([[0, 0], [1, 2]], [0, 1]))
    yield case("zero-input-none", nowhere, "kink", "the zero vector stays 0", reduction="none", **mild)
    nan = more("nan", toward([[NAN, 1], [1, 2]], [0, 1]))
    yield case("nan-none", nan, "nan", reduction="none", gradients=("input",) if separable else ())
    yield case("nan-mean", nan, "nan", reduction="mean", gradients=())
    yield from refused_requests(good, reductions=reductions)
    if not separable:
        yield error("BAD_OPTION", "error-partial", good, "couples examples", reduction="partial")
    yield error("LABEL_OUT_OF_RANGE", "error-label-high", {**good, "target": ints([0, 3])})
    yield error("LABEL_OUT_OF_RANGE", "error-label-negative", {**good, "target": ints([-1, 0])})
    yield error("SHAPE_MISMATCH", "error-width", {**good, "input": floats([[1, 0, 0], [0, 1, 0]])})
    yield error("SHAPE_MISMATCH", "error-rows", {**good, "target": ints([0, 1, 2])})
    yield error("RANK_MISMATCH", "error-rank", {**good, "input": floats([0.8, 0.6])})
    yield error("BAD_DTYPE", "error-float-labels", {**good, "target": floats([0, 1])})
    yield error("UNKNOWN_INPUT", "error-weight", {**good, "weight": floats([1, 1])}, "no weights")


def zero_prototype(mild):
    inputs = toward([[1, 2]], [0], ((0, 0), (1, 1)))
    yield case("zero-prototype-none", inputs, "kink", "the zero vector stays 0", reduction="none", **mild)


def rows_check(name, make, known=(), parameter="W", whole_batch=False):
    """`make(losses, options, classes, width)` of pytorch-metric-learning, row by row (it has no `none`).

    `parameter` is where its prototypes go: W as columns, else as rows.
    """

    def run(case, o, names):
        if o.reduction == "partial" or not case.inputs["target"].size:
            return None
        torch, library = libraries.load("torch"), libraries.load("pytorch-metric-learning")
        tensors = torch_inputs(case, names)
        prototypes = tensors["prototypes"]
        loss = make(library, o, prototypes)
        if loss is None:
            return None
        delattr(loss, parameter)
        flat = prototypes.reshape(-1, prototypes.shape[-1])
        setattr(loss, parameter, flat.T if parameter == "W" else flat)
        if whole_batch:
            out = loss(tensors["input"], tensors["target"])
        else:
            rows = [loss(x[None], y[None]) for x, y in zip(tensors["input"], tensors["target"])]
            out = reduced(torch.stack(rows), o.reduction)
        return torch_answer(out, tensors, names)

    return Check("pytorch-metric-learning", f"losses.{name}", run, tuple(known))


def reduced(out, reduction):
    """A torch tensor reduced; None for `partial`."""
    ways = {"none": lambda x: x, "mean": lambda x: x.mean(), "sum": lambda x: x.sum()}
    return ways[reduction](out) if reduction in ways else None


ZERO = Known(
    "divides the zero vector by 1e-12, so that its gradient is about 1e12; the convention is norm′(0) = 0",
    ("pytorch-metric-learning", "torch"),
    lambda case: case.key.startswith("zero-"),
)
