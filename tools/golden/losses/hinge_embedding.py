"""Hinge embedding: x for t = 1, max(0, margin − x) for t = −1, both for others, as `hinge_embedding_loss`."""

from isoloss_oracle.blocks import elementwise
from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import decide, relu
from isoloss_oracle.crosscheck import Known, elementwise_torch
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.signs import pair, sign_cases, signed


def formula(x, t, margin):
    apart = relu(margin - x) if decide(bool(t != 1)) else mpf(0)
    return apart + (x if decide(bool(t != -1)) else 0)


OWN = [
    case("others", pair([0.5, 0.5, 2], [0, 2, 0]), "fixture", "both terms", reduction="none", near=[1, 1, 2]),
    case("distances", pair([0, 0.25, 3], [1, -1, -1]), "ordinary", reduction="none"),
    *(
        case(f"margin-{m}", signed(Draw(f"m{m}"), (5,)), "option", margin=m, reduction="none")
        for m in (0, 0.1, 2, -1, 1000)
    ),
    case("margin-2-mean", signed(Draw("m2m"), (5,)), "option reduction", margin=2, reduction="mean"),
    case("margin-kink", pair([2, 2, 2.25], [-1, 1, -1]), "kink option", margin=2, reduction="none"),
    error("BAD_OPTION", "error-margin-text", pair([1], [1]), margin="wide"),
    error("UNKNOWN_INPUT", "error-weight", {**pair([1], [1]), "weight": pair([1], [1])["input"]}),
]

CLAMP = Known(
    "torch clamps with clamp_min, whose derivative at 0 is 1; ours is relu′(0) = 0", ("torch",), flags={"kink"}
)

LOSS = Loss(
    id="hingeEmbedding",
    paper="torch.nn.functional.hinge_embedding_loss",
    defaults={"margin": 1},
    unreduced=lambda inputs, o: elementwise(inputs, lambda x, t: formula(x, t, mpf(o.margin))),
    cases=[*sign_cases(weighted=False, kink=(-1,)), *OWN],
    differentiable=("input",),
    checks=[
        elementwise_torch(
            "nn.functional.hinge_embedding_loss",
            lambda F, x, t, o, **rest: F.hinge_embedding_loss(x, t, margin=o.margin, **rest),
            [CLAMP],
        )
    ],
)
