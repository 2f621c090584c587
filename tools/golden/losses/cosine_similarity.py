"""1 − x·y/(max(‖x‖, eps)·max(‖y‖, eps)) over the last axis: one less `nn.functional.cosine_similarity`."""

from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import maximum, norm
from isoloss_oracle.crosscheck import Known, jax_check
from isoloss_oracle.distances import GOOD, WORKED, row_cases, row_pairs, rows, scipy_check, torch_rows
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf


def formula(x, y, eps):
    dot = sum(a * b for a, b in zip(x, y))
    return 1 - dot / (maximum([norm(x), eps]) * maximum([norm(y), eps]))


def _cases():
    yield from row_cases(infinite=False)
    yield case("worked-none", WORKED, "fixture", "[1, 2, 3] against [2, 3, 4]", reduction="none", near=0.0074167)
    ways = rows([[3, 4], [3, 4], [1, 0]], [[6, 8], [-3, -4], [0, 2]])
    yield case("parallel-opposite-square", ways, "saturated", "0, 2 and 1", reduction="none", near=[0, 2, 1])
    yield case("parallel-opposite-mean", ways, "saturated", reduction="mean", near=1)
    for size in (1e-2, 1e-3, 1e-4):
        near = rows([[1, 0.5, 2], [1, 0, 0]], [[1, 0.5 + size, 2], [2, size, -size]])
        yield case(f"nearly-parallel-{size}", near, "unstable saturated", "a tiny angle", reduction="none")
        away = rows([[1, 0.5, 2], [1, 0, 0]], [[-1, -0.5 - size, -2], [-2, size, -size]])
        yield case(f"nearly-opposite-{size}", away, "unstable saturated", "nearly 180°", reduction="none")
    scaled = rows([[1e-5, 0, 2e-5], [1e20, 2e20, -1e20]], [[3, 1, 2], [1e-15, 1e-15, 1e-15]])
    yield case("lengths-none", scaled, "extreme", "length doesn't matter", reduction="none")
    zero = rows([[0, 0], [1, 2]], [[1, 2], [0, 0]])
    yield case("zero-vector-none", zero, "fixture kink", "cos 0, as torch", reduction="none", near=[1, 1], gradients=())
    short = rows([[0.25, 0.5], [3, 4]], [[3, 4], [0.125, 0.25]])
    yield case("shorter-than-eps", short, "option", "divided by eps", eps=1, reduction="none")
    yield case("both-shorter-than-eps", rows([[0.25, 0.5]], [[0.5, 0.125]]), "option", eps=1, reduction="none")
    yield case("shorter-than-eps-parallel", rows([[0.5, 0.25]], [[2, 1]]), "option", eps=1, reduction="none")
    yield case("eps-tenth-mean", GOOD, "option", eps=0.1, reduction="mean")
    tiny = Draw("tiny").normal((2, 3), 1e-6)
    yield case(
        "tiny-none",
        {"input": tiny, "target": Draw("tiny2").normal((2, 3))},
        "extreme",
        "far above eps",
        reduction="none",
    )
    yield error("BAD_OPTION", "error-eps-zero", GOOD, "eps must be > 0", eps=0)
    yield error("BAD_OPTION", "error-eps-negative", GOOD, "eps must be > 0", eps=-1)


def _plain(case):
    return case.options == {"reduction": "none"}


SHORT = Known(
    "torch floors the norms without telling its gradient, which then is not the derivative of the value",
    ("torch",),
    keys=("lengths-none", "shorter-than-eps", "both-shorter-than-eps", "shorter-than-eps-parallel"),
)
ZERO = Known("divides by zero at a zero vector: no eps", ("optax", "scipy"), flags={"kink"})
NO_EPS = Known("has no eps below which a vector is short", ("optax", "scipy"), keys=("lengths-none",))

LOSS = Loss(
    id="cosineSimilarity",
    paper="torch.nn.functional.cosine_similarity",
    defaults={"eps": 1e-8},
    unreduced=lambda inputs, o: row_pairs(inputs, lambda x, y: formula(x, y, mpf(o.eps))),
    cases=list(_cases()),
    checks=[
        torch_rows(
            "nn.functional.cosine_similarity",
            lambda torch, x, y, o: 1 - torch.nn.functional.cosine_similarity(x, y, dim=-1, eps=o.eps),
            [SHORT],
        ),
        scipy_check("cosine", known=[ZERO, NO_EPS], applies=_plain),
        jax_check(
            "optax",
            "cosine_distance",
            lambda m, jnp, t, o: m.cosine_distance(t["input"], t["target"]),
            _plain,
            [ZERO, NO_EPS],
        ),
    ],
)
