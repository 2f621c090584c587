"""Hellinger distance: ‖√p − √q‖/√2; entries that are equal add nothing, slope included."""

from mpmath import mp

from isoloss_oracle.batteries import NAN
from isoloss_oracle.cases import Draw, case
from isoloss_oracle.conventions import decide, norm
from isoloss_oracle.crosscheck import array_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.rows import row_blocks, row_cases
from isoloss_oracle.tensors import floats


def root(x):
    if decide(bool(x == 0)):  # the slope is infinite: not stated
        return mpf(0)
    return mp.sqrt(x) if x > 0 else mpf("nan")


def formula(p, q):
    if any(v != v for v in [*p, *q]):
        return mpf("nan")
    gaps = [root(a) - root(b) for a, b in zip(p, q) if not decide(bool(a == b == 0))]
    return norm(gaps) / mp.sqrt(2)


def _make(draw, shape):
    return {"input": draw.probabilities(shape), "target": draw.probabilities(shape)}


def given(p, q):
    return {"input": floats(p), "target": floats(q)}


def _cases():
    yield from row_cases(_make)
    apart = given([[1, 0]], [[0, 1]])
    yield case("apart", apart, "saturated", "nothing in common: 1", reduction="none", near=1, gradients=())
    half = given([[0.5, 0.5]], [[1, 0]])
    yield case("half", half, "fixture", "√(1 − 1/√2)", reduction="none", near=0.5411961, gradients=("input",))
    same = given([[0.25, 0.75], [0.5, 0.5]], [[0.25, 0.75], [0.25, 0.75]])
    yield case("same", same, "kink", "p = q: 0 with slope 0", reduction="none")
    yield case("same-mean", same, "kink reduction", reduction="mean")
    zeros = given([[0, 0.25, 0.75]], [[0, 0.5, 0.5]])
    yield case("zeros-of-both", zeros, "saturated", "0 in both adds nothing", reduction="none")
    one = given([[0.25, 0.25, 0.5]], [[0.25, 0.5, 0.25]])
    yield case("one-equal", one, "ordinary", "an entry that is equal", reduction="none")
    near = given([[0.25, 0.75]], [[0.25001, 0.74999]])
    yield case("close", near, "unstable", reduction="none")
    near = given([[0.25, 0.75]], [[0.2500000298023224, 0.7499999403953552]])
    yield case("neighbours", near, "unstable", "one rounding apart", reduction="none")
    tiny = given([[1e-30, 1], [1e-6, 0.5]], [[0.5, 0.5], [1e-12, 0.25]])
    yield case("tiny", tiny, "extreme", reduction="none")
    for scale in (5, 20, 90, 700, 10000):
        draw = Draw(f"x{scale}")
        wide = {"input": draw.uniform((2, 3), 0, scale), "target": draw.uniform((2, 3), 0, scale)}
        yield case(f"scale-{scale}", wide, "extreme", "measures of any mass", reduction="none")
    yield case(
        "nan", given([[NAN, 0.5], [0.5, 0.5]], [[0.5, 0.5], [0.25, 0.75]]), "nan", reduction="none", gradients=()
    )
    negative = given([[-0.25, 1.25], [0.5, 0.5]], [[0.5, 0.5], [0.25, 0.75]])
    yield case("negative", negative, "nan", "the root of a negative number", reduction="none", gradients=())


def _scipy(m, t, o):
    from scipy.spatial.distance import euclidean

    rows = zip(*(t[k].reshape(-1, t[k].shape[-1]) ** 0.5 for k in ("input", "target")))
    return [euclidean(p, q) / 2**0.5 for p, q in rows]


LOSS = Loss(
    id="hellinger",
    paper="Hellinger, Neue Begründung der Theorie quadratischer Formen, 1909",
    unreduced=lambda inputs, o: row_blocks(inputs, ("input", "target"), formula),
    cases=list(_cases()),
    checks=[
        array_check(
            "scipy",
            "spatial.distance.euclidean of the roots",
            _scipy,
            lambda case: case.options.get("reduction") == "none" and not {"empty", "nan"} & set(case.flags),
        )
    ],
)
