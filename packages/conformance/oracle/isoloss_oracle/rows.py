"""What the losses of rows along the last axis share: their blocks and their cases."""

from math import prod

from .batteries import REDUCTIONS, refused_requests
from .blocks import Block, Unreduced, last_axis, places
from .cases import Draw, case, error
from .tensors import floats


def row_blocks(inputs, names, formula, per_row=(), shared=()):
    """Blocks of `formula(*rows, *numbers, *shared vectors)`: rows of `names`, one number a row of `per_row`.

    What was not given is passed as None.
    """
    shape = inputs[names[0]].shape
    wanted = [*names, *per_row, *shared]

    def spots(name, n):
        if name in per_row:
            return [(name, n)]
        return places(name, range(inputs[name].size) if name in shared else last_axis(shape, n))

    def one(numbers):
        parts, at = [], 0
        for name in wanted:
            if name not in inputs:
                parts.append(None)
                continue
            size = 1 if name in per_row else shape[-1]
            parts.append(numbers[at] if name in per_row else numbers[at : at + size])
            at += size
        return formula(*parts)

    rows = range(prod(shape[:-1]))
    blocks = [Block(one, [s for name in wanted if name in inputs for s in spots(name, n)]) for n in rows]
    return Unreduced(shape[:-1], blocks)


def row_cases(make, ranks=(1, 2, 3, 4), first="input", other="target"):
    """Reductions, ranks, empties and refused requests. `make(draw, shape)` draws all inputs."""
    for name in REDUCTIONS:
        yield case(f"plain-{name}", make(Draw(f"plain-{name}"), (3, 4)), "ordinary reduction", reduction=name)
        yield case(f"empty-{name}", make(Draw("empty"), (0, 3)), "empty", reduction=name)
    for rank in ranks:
        shape = ((4,), (2, 3), (2, 2, 3), (1, 2, 1, 3))[rank - 1]
        yield case(f"rank-{rank}", make(Draw(f"rank-{rank}"), shape), "rank", reduction="none")
        yield case(f"rank-{rank}-mean", make(Draw(f"rank-{rank}-mean"), shape), "rank", reduction="mean")
    good = make(Draw("good"), (2, 3))
    yield from refused_requests(good, first)
    yield error("RANK_MISMATCH", "error-scalar", {**good, first: floats(1)})
    if other:
        wider = make(Draw("wider"), (2, 4))[other]
        yield error("SHAPE_MISMATCH", "error-width", {**good, other: wider})
        yield error("RANK_MISMATCH", "error-rank", {**good, other: floats(good[other].data[:1], ())})
