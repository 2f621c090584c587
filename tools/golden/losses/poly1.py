"""PolyLoss, first order: −ln p_y + epsilon·(1 − p_y) with p = softmax(x), Leng et al. 2022."""

from isoloss_oracle.cases import case, error
from isoloss_oracle.classes import infinite_scores, label_blocks, label_cases, only, others, surprise
from isoloss_oracle.crosscheck import Known, jax_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.tensors import floats, ints


def formula(x, y, epsilon):
    return surprise(x, y) + epsilon * others(x, y)


L3 = {"input": floats([[1, 2, 3], [0.5, -1, 0.2]]), "target": ints([2, 0])}
SURE = {"input": floats([[17, 0, 0], [37, 0, -1], [104, 0, 0]]), "target": ints([0, 0, 0])}


def _cases():
    yield from label_cases(ignores=True)
    yield from infinite_scores()
    yield case("golden-1", L3, "fixture option", epsilon=1, reduction="none", near=[0.742365, 1.165779])
    yield case("golden-2", L3, "fixture", reduction="none", near=[1.077124, 1.656600])
    for epsilon in (0, 0.1, -1, 100):
        yield case(f"epsilon-{epsilon}", L3, "option", epsilon=epsilon, reduction="none")
    yield case("epsilon-half-mean", L3, "option reduction", epsilon=0.5, reduction="mean")
    yield case("sure", SURE, "saturated unstable", reduction="none")
    yield error("BAD_OPTION", "error-epsilon-text", L3, epsilon="small")


def _optax(m, jnp, t, o):
    hot = (t["target"][..., None] == jnp.arange(t["input"].shape[-1])).astype(t["input"].dtype)
    return m.losses.poly_loss_cross_entropy(t["input"], hot, epsilon=o.epsilon)


INFINITE = Known("0·∞ of a one-hot target gives NaN", ("optax",), flags={"infinity"})

LOSS = Loss(
    id="poly1",
    paper="Leng et al., PolyLoss, 2022, eq. 5",
    defaults={"epsilon": 2, "ignoreIndex": -100, "classAxis": 1},
    unreduced=lambda inputs, o: label_blocks(inputs, o, lambda x, y: formula(x, y, mpf(o.epsilon))),
    cases=list(_cases()),
    checks=[jax_check("optax", "losses.poly_loss_cross_entropy", _optax, only("epsilon"), [INFINITE])],
)
