"""Sparsemax loss: ½·Σ_{j in S} (x_j² − τ²) − x_y + ½, Martins and Astudillo 2016, eq. 15 to 19."""

from isoloss_oracle.cases import case
from isoloss_oracle.classes import label_blocks, label_cases, only
from isoloss_oracle.conventions import decide
from isoloss_oracle.crosscheck import jax_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.tensors import floats, ints


def support(x):
    """The k largest with 1 + k·x_(k) > Σ of them."""
    order = sorted(range(len(x)), key=lambda j: -x[j])
    inside = [k for k in range(1, len(x) + 1) if 1 + k * x[order[k - 1]] > sum(x[j] for j in order[:k])]
    return order[: max(inside, default=0)]


def formula(x, y):
    if decide(any(v != v for v in x)):
        return x[0] + sum(x)
    chosen = decide(support(x))
    tau = (sum(x[j] for j in chosen) - 1) / len(chosen)
    return sum(x[j] ** 2 - tau**2 for j in chosen) / 2 - x[y] + (x[0] * 0 + 1) / 2


def _cases():
    yield from label_cases()
    golden = {"input": floats([[0.5, 0]]), "target": ints([0])}
    yield case("golden", golden, "fixture", "optax: sparsemax of 0.5 against 0", reduction="none", near=0.0625)
    ends = {"input": floats([[2, 1, 0], [1, 0, 0], [1.5, 0.5, -1]]), "target": ints([0, 0, 0])}
    yield case("right", ends, "ordinary", "0 from a margin of 1", reduction="none", near=[0, 0, 0])
    edge = {"input": floats([[1, 0, 0], [0.75, 0.25, -0.25], [0.5, 0.5, 0.5]]), "target": ints([1, 2, 0])}
    yield case("edge", edge, "ordinary", "at the support's edge: the loss is smooth", reduction="none")
    yield case("edge-mean", edge, "ordinary reduction", reduction="mean")
    uniform = {"input": floats([[0, 0, 0, 0]]), "target": ints([2])}
    yield case("uniform", uniform, "ordinary", "(1 − 1/C)/2", reduction="none", near=0.375)
    near = {"input": floats([[3, 2.25, 1], [3, 2.0000002384185791, 1]]), "target": ints([0, 0])}
    yield case("nearly-right", near, "unstable", "just inside the margin", reduction="none")
    yield case("one-class", {"input": floats([[3], [-4]]), "target": ints([0, 0])}, "ordinary", "0", reduction="none")


LOSS = Loss(
    id="sparsemax",
    paper="Martins and Astudillo, From Softmax to Sparsemax, 2016",
    defaults={"classAxis": 1},
    unreduced=lambda inputs, o: label_blocks(inputs, o, formula),
    cases=list(_cases()),
    checks=[
        jax_check(
            "optax",
            "losses.multiclass_sparsemax_loss",
            lambda m, jnp, t, o: m.losses.multiclass_sparsemax_loss(t["input"], t["target"]),
            lambda case: only()(case) and len(case.inputs["input"].shape) == 2,
        )
    ],
)
