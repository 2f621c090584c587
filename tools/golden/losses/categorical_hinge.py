"""Categorical hinge of keras: max(0, max_c (1 − t_c)·x_c − Σ_c t_c·x_c + 1)."""

from isoloss_oracle.batteries import NAN, REDUCTIONS, refused_requests
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.classes import soft_blocks
from isoloss_oracle.conventions import maximum, relu
from isoloss_oracle.crosscheck import Known, jax_check
from isoloss_oracle.labelled import one_hot, soft
from isoloss_oracle.loss import Loss
from isoloss_oracle.tensors import floats, ints


def formula(x, t):
    wrong = maximum([(1 - s) * v for s, v in zip(t, x)])
    return relu(wrong - sum(s * v for s, v in zip(t, x)) + 1)


def hot(key, rows=3, classes=4, scale=2.0):
    draw = Draw(key)
    labels = draw.integers((rows,), classes).data
    return {"input": draw.normal((rows, classes), scale), "target": one_hot(labels, classes)}


def given(x, t):
    return {"input": floats(x), "target": floats(t)}


NEGATIVE = given([[-2, -0.5, -3]], [[0, 1, 0]])


def _cases():
    yield case("golden", NEGATIVE, "fixture", "the target's slot counts as 0", reduction="none", near=1.5)
    for name in REDUCTIONS:
        yield case(f"hot-{name}", hot(f"h-{name}"), "ordinary reduction", reduction=name)
        yield case(f"soft-{name}", soft(f"s-{name}", (2, 3)), "ordinary reduction", reduction=name)
        none = given([], [])
        none = {k: floats([], (0, 3)) for k in none}
        yield case(f"empty-{name}", none, "empty", reduction=name)
    yield case("empty-spatial-mean", {k: floats([], (2, 3, 0)) for k in NEGATIVE}, "empty rank", reduction="mean")
    yield case("rank-1", soft("r1", (4,), 0), "rank", "classes alone", reduction="none")
    yield case("rank-3", soft("r3", (2, 3, 2)), "rank", reduction="none")
    yield case("rank-4-mean", soft("r4", (1, 3, 1, 2)), "rank", reduction="mean")
    yield case("last-rank-3", soft("l3", (2, 2, 3), -1), "rank option", reduction="none", classAxis=-1)
    yield case("last-mean", hot("lm"), "rank option", reduction="mean", classAxis=-1)
    yield case("axis-0", soft("a0", (3, 2), 0), "rank option", reduction="none", classAxis=0)
    for scale in (5, 20, 90, 700, 10000):
        yield case(f"random-{scale}", hot(f"x{scale}", scale=scale), "extreme", reduction="none")
        hard = given([[scale, 1, -scale]] * 3, [[1, 0, 0], [0, 0, 1], [0, 1, 0]])
        yield case(f"hard-{scale}", hard, "extreme", reduction="none")
    yield case("right", given([[5, 1, 0.5]], [[1, 0, 0]]), "ordinary", "0", reduction="none", near=0)
    edge = given([[2, 1, 0.5]], [[1, 0, 0]])
    yield case("kink", edge, "kink", "at the margin: slope 0", reduction="none")
    tie = given([[1, 2, 2], [0.5, 0, -1]], [[1, 0, 0], [1, 0, 0]])
    yield case("tie", tie, "tie", "the best wrong scores share the slope", reduction="none")
    yield case("tie-mean", tie, "tie reduction", reduction="mean")
    yield case("nothing-right", given([[1, 2]], [[0, 0]]), "ordinary", "targets aren't checked", reduction="none")
    nan = given([[NAN, 1, 2], [1, 2, 3]], [[1, 0, 0], [0, 1, 0]])
    yield case("nan", nan, "nan", reduction="none", gradients=())
    yield case("nan-mean", nan, "nan", reduction="mean", gradients=())
    yield from refused_requests(NEGATIVE)
    yield error("BAD_DTYPE", "error-labels", {**NEGATIVE, "target": ints([[0, 1, 0]])}, "one-hot, as floats")
    yield error("SHAPE_MISMATCH", "error-classes", {**NEGATIVE, "target": floats([[0, 1]])})
    yield error("RANK_MISMATCH", "error-rank", {**NEGATIVE, "target": floats([0, 1, 0])})
    yield error("RANK_MISMATCH", "error-class-axis", NEGATIVE, "no such axis", classAxis=2)


def _plain(case):
    rank, axis = len(case.inputs["input"].shape), case.options.get("classAxis", 1)
    return (
        case.options.get("reduction") == "none" and (rank == 1 or axis in (-1, rank - 1)) and "empty" not in case.flags
    )


KINK = Known("jax's maximum(·, 0) shares the derivative at 0; ours is relu′(0) = 0", ("keras",), flags={"kink"})

LOSS = Loss(
    id="categoricalHinge",
    paper="keras.losses.CategoricalHinge",
    defaults={"classAxis": 1},
    unreduced=lambda inputs, o: soft_blocks(inputs, o, formula),
    cases=list(_cases()),
    checks=[
        jax_check(
            "keras",
            "losses.categorical_hinge",
            lambda m, jnp, t, o: m.losses.categorical_hinge(t["target"], t["input"]),
            _plain,
            [KINK],
        )
    ],
)
