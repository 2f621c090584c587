"""Rendle et al., BPR: Bayesian Personalized Ranking, 2009: −ln σ(s⁺ − s⁻)."""

from isoloss_oracle.batteries import INF, NAN, REDUCTIONS, refused_requests
from isoloss_oracle.binary import softplus
from isoloss_oracle.blocks import elementwise
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.crosscheck import torch_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.tensors import floats


def pair(positive, negative):
    return {"positive": floats(positive), "negative": floats(negative)}


def drawn(key, shape, scale=1.0):
    draw = Draw(key)
    return {"positive": draw.normal(shape, scale), "negative": draw.normal(shape, scale)}


GOOD = drawn("good", (2, 3))


def _cases():
    yield case("small", pair([1, 0, -2], [0, 0, 1]), "fixture", reduction="none", near=[0.313262, 0.693147, 3.048587])
    for name in REDUCTIONS:
        yield case(f"reduce-{name}", drawn(name, (2, 3)), "reduction ordinary", reduction=name)
        yield case(f"empty-{name}", pair([], []), "empty", reduction=name)
    for shape in ((), (4,), (2, 3), (2, 2, 2)):
        yield case(f"rank-{len(shape)}", drawn(f"rank-{len(shape)}", shape), "rank", reduction="none")
    for scale in (5, 20, 90, 700, 10000):
        yield case(f"scale-{scale}", drawn(f"scale-{scale}", (4,), scale), "extreme", reduction="none")
    yield case("right", pair([20, 90, 700, 1e4], [0, -1, 5, 0]), "saturated extreme", reduction="none")
    yield case("wrong", pair([-20, -90, -700, 0], [0, -1, 5, 1e4]), "extreme", reduction="none")
    yield case("near", pair([1, 3], [1.0000001192092896, 3]), "unstable", reduction="none")
    infinite = pair([INF, -INF, 0, 0], [0, 0, INF, -INF])
    yield case("infinite", infinite, "infinity", reduction="none")
    yield case("nan", pair([NAN, 1], [0, 0]), "nan", reduction="none", gradients=())
    yield from refused_requests(GOOD, first="positive")
    yield error("SHAPE_MISMATCH", "error-shape", {**GOOD, "negative": floats([[1, 2]] * 2)})
    yield error("RANK_MISMATCH", "error-rank", {**GOOD, "negative": floats([1, 2, 3])})


def _torch(F, t, o):
    losses = -F.logsigmoid(t.positive - t.negative)
    return None if o.reduction == "partial" else losses if o.reduction == "none" else getattr(losses, o.reduction)()


LOSS = Loss(
    id="bpr",
    paper="Rendle et al., BPR: Bayesian Personalized Ranking from Implicit Feedback, 2009",
    unreduced=lambda inputs, o: elementwise(inputs, lambda p, n: softplus(n - p), names=("positive", "negative")),
    cases=list(_cases()),
    checks=[torch_check("nn.functional.logsigmoid", _torch)],
)
