"""Multi-class hinge: max_c (x_c + 1[c ≠ y]) − x_y, Crammer and Singer 2001."""

from isoloss_oracle.cases import case
from isoloss_oracle.classes import label_blocks, label_cases, only
from isoloss_oracle.conventions import maximum
from isoloss_oracle.crosscheck import jax_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.tensors import floats, ints


def formula(x, y):
    return maximum([v - x[y] + (c != y) for c, v in enumerate(x)])


def _cases():
    yield from label_cases(tie="tie")
    golden = {"input": floats([[0.1, 0.2, 0.4, 0.8]]), "target": ints([3])}
    yield case("golden", golden, "fixture", reduction="none", near=0.6)
    edge = {"input": floats([[2, 1, 0], [0.5, 1.5, 1.5]]), "target": ints([0, 0])}
    yield case("tie", edge, "tie", "equal largest ones share the slope, the label's own among them", reduction="none")
    yield case("tie-mean", edge, "tie reduction", reduction="mean")
    right = {"input": floats([[5, 1, 0], [-3, -2, -0.5]]), "target": ints([0, 2])}
    yield case(
        "right", right, "ordinary", "0 beyond the margin, for negative scores, too", reduction="none", near=[0, 0]
    )
    near = {"input": floats([[10000.5, 10000, 9999.75]]), "target": ints([0])}
    yield case("large-equal", near, "unstable", reduction="none", near=0.5)
    yield case("one-class", {"input": floats([[3], [4]]), "target": ints([0, 0])}, "ordinary", "0", reduction="none")


def _optax(m, jnp, t, o):
    return m.losses.multiclass_hinge_loss(t["input"], t["target"])


LOSS = Loss(
    id="multiclassHinge",
    paper="Crammer and Singer, On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines, 2001",
    defaults={"classAxis": 1},
    unreduced=lambda inputs, o: label_blocks(inputs, o, formula),
    cases=list(_cases()),
    checks=[jax_check("optax", "losses.multiclass_hinge_loss", _optax, only())],
)
