"""Shannon's entropy: −Σ p·ln p, with 0·ln 0 = 0 and derivative 0 there."""

from isoloss_oracle.batteries import NAN
from isoloss_oracle.cases import Draw, case
from isoloss_oracle.conventions import decide
from isoloss_oracle.crosscheck import array_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import log, mpf
from isoloss_oracle.rows import row_blocks, row_cases
from isoloss_oracle.tensors import floats


def formula(p):
    return -sum(mpf(0) if decide(bool(v == 0)) else v * log(v) for v in p)


def given(p):
    return {"input": floats(p)}


def _cases():
    yield from row_cases(lambda draw, shape: {"input": draw.probabilities(shape)}, other=None)
    yield case("uniform", given([[0.25] * 4]), "fixture", "ln 4", reduction="none", near=1.3862944)
    yield case("coin", given([[0.5, 0.5]]), "fixture", "ln 2", reduction="none", near=0.6931472)
    yield case("certain", given([[0, 1, 0]]), "saturated", "0, and slope 0 at 0", reduction="none", near=0)
    zeros = given([[0, 0.25, 0.75], [0.5, 0, 0.5]])
    yield case("zeros", zeros, "saturated", "zeros are safe", reduction="none")
    yield case("zeros-mean", zeros, "saturated reduction", reduction="mean")
    yield case("zeros-sum", zeros, "saturated reduction", reduction="sum")
    near = given([[0.9999999403953552, 5.960464477539063e-8]])
    yield case("nearly-certain", near, "saturated", reduction="none")
    flat = given([[0.36787945, 0.63212055]])
    yield case("flat", flat, "ordinary", "p = 1/e: slope 0 nearly", reduction="none")
    yield case("tiny", given([[1e-30, 1e-6, 1], [1e-37, 0.5, 0.5]]), "extreme", reduction="none")
    for scale in (5, 20, 90, 700, 10000):
        wide = {"input": Draw(f"x{scale}").uniform((2, 3), 0, scale)}
        yield case(f"scale-{scale}", wide, "extreme", "masses are taken as they are", reduction="none")
    yield case("one-class", given([[1], [0.5]]), "rank", reduction="none")
    yield case("nan", given([[NAN, 0.5], [0.5, 0.5]]), "nan", reduction="none", gradients=())
    yield case("negative", given([[-0.25, 1], [0.5, 0.5]]), "nan", "no logarithm", reduction="none", gradients=())


LOSS = Loss(
    id="entropy",
    paper="Shannon, A Mathematical Theory of Communication, 1948",
    unreduced=lambda inputs, o: row_blocks(inputs, ("input",), formula),
    cases=list(_cases()),
    checks=[
        array_check(
            "scipy",
            "special.entr",
            lambda m, t, o: m.special.entr(t["input"]).sum(-1),
            lambda case: case.options.get("reduction") == "none" and case.key != "negative",
        )
    ],
)
