"""Jensen–Shannon divergence: ½·KL(p‖m) + ½·KL(q‖m) with m = (p+q)/2, Lin 1991; 0·ln 0 = 0 with derivative 0."""

from mpmath import mp

from isoloss_oracle.batteries import NAN, REDUCTIONS
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import decide
from isoloss_oracle.crosscheck import array_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import log, mpf
from isoloss_oracle.rows import row_blocks, row_cases
from isoloss_oracle.tensors import floats


def part(p, q):
    """p·ln(p/m)."""
    return mpf(0) if decide(bool(p == 0 and q == q)) else p * log(2 * p / (p + q))


def formula(p, q, base):
    nats = sum(part(a, b) + part(b, a) for a, b in zip(p, q)) / 2
    return nats if base == "e" else nats / mp.log(mpf(base))


def _make(draw, shape):
    return {"input": draw.probabilities(shape), "target": draw.probabilities(shape)}


def given(p, q):
    return {"input": floats(p), "target": floats(q)}


WORKED = given([0.3, 0.5, 0.2], [0.1, 0.6, 0.3])
GOLDEN = given([0.2, 0.8], [0.4, 0.6])


def _cases():
    yield from row_cases(_make)
    yield case("worked", WORKED, "fixture", "the worked example", reduction="none")
    yield case("worked-base-2", WORKED, "fixture option", "the worked example in bits", base=2, reduction="none")
    yield case("golden", GOLDEN, "fixture", "scipy's jensenshannon is 0.155426, the root", near=0.0241572)
    yield case("golden-base-2", GOLDEN, "fixture option", base=2, near=0.0348516)
    for name in REDUCTIONS:
        yield case(f"base-10-{name}", _make(Draw(f"b-{name}"), (2, 3)), "option reduction", base=10, reduction=name)
    yield case("base-1.5", _make(Draw("b15"), (2, 3)), "option", base=1.5, reduction="none")
    yield case("same", given([[0.25, 0.75]], [[0.25, 0.75]]), "ordinary", "p = q: 0", reduction="none")
    near = given([[0.25, 0.5, 0.25]], [[0.2500000298023224, 0.4999999701976776, 0.25]])
    yield case("neighbours", near, "unstable", "p and q one rounding apart", reduction="none")
    yield case("close", given([[0.3, 0.7]], [[0.301, 0.699]]), "unstable", reduction="none")
    apart = given([[1, 0], [0.5, 0.5]], [[0, 1], [1, 0]])
    kept = {"gradients": ()}
    yield case(
        "apart",
        apart,
        "saturated",
        "nothing in common: ln 2; zeros are safe",
        reduction="none",
        near=[0.6931472, 0.2157616],
        **kept,
    )
    zeros = given([[0, 0.25, 0.75], [0.5, 0, 0.5]], [[0.5, 0.25, 0.25], [0.25, 0.25, 0.5]])
    yield case("zeros-of-input", zeros, "saturated", "0 in p", reduction="none", gradients=("target",))
    yield case(
        "zeros-of-target",
        given([[0.5, 0.25, 0.25]], [[0, 0.25, 0.75]]),
        "saturated",
        "0 in q",
        reduction="none",
        gradients=("input",),
    )
    both = given([[0, 0.25, 0.75]], [[0, 0.5, 0.5]])
    yield case("zeros-of-both", both, "saturated", "0 in both: nothing, slope 0", reduction="none")
    yield case("zeros-of-both-mean", both, "saturated", reduction="mean")
    tiny = given([[1e-6, 1], [1e-30, 0.5], [0.5, 1e-4]], [[0.5, 0.5], [0.25, 1e-30], [1e-10, 1]])
    yield case("tiny", tiny, "extreme unstable", "far apart", reduction="none")
    large = given([[20, 5], [700, 90]], [[3, 90], [1e4, 0.5]])
    yield case("unnormalised", large, "extreme", "masses are taken as they are", reduction="none")
    yield case("one-class", given([[0.5], [1]], [[0.25], [1]]), "rank", reduction="none")
    yield case(
        "nan", given([[NAN, 0.5], [0.5, 0.5]], [[0.5, 0.5], [0.25, 0.75]]), "nan", reduction="none", gradients=()
    )
    for base in (1, 0.5, "two"):
        yield error("BAD_OPTION", f"error-base-{base}", GOLDEN, "base must be 'e' or a number > 1", base=base)


def _rel_entr(m, t, o):
    import numpy

    p, q = t["input"], t["target"]
    rel = m.special.rel_entr
    values = (rel(p, (p + q) / 2) + rel(q, (p + q) / 2)).sum(-1) / 2
    return values if o.base == "e" else values / numpy.log(o.base)


LOSS = Loss(
    id="jsDivergence",
    paper="Lin, Divergence Measures Based on the Shannon Entropy, 1991",
    defaults={"base": "e"},
    unreduced=lambda inputs, o: row_blocks(inputs, ("input", "target"), lambda p, q: formula(p, q, o.base)),
    cases=list(_cases()),
    checks=[array_check("scipy", "special.rel_entr", _rel_entr, lambda c: c.options.get("reduction") == "none")],
)
