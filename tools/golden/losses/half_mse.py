"""Half the squared error, (x − y)²/2: optax's l2_loss; with `batchmean` Caffe's EuclideanLoss, Σe²/(2N)."""

from dataclasses import replace

from isoloss_oracle.batteries import REDUCTIONS
from isoloss_oracle.blocks import elementwise
from isoloss_oracle.cases import case, error
from isoloss_oracle.loss import Loss
from isoloss_oracle.regression import good_request, optax_check, pair, regression_cases
from isoloss_oracle.tensors import bools, floats


def formula(x, y):
    return (x - y) ** 2 / 2


def unreduced(inputs, o):
    whole = elementwise(inputs, formula, mean_over="weights")
    return replace(whole, divisor=inputs["input"].shape[0]) if o.reduction == "batchmean" else whole


CAFFE = pair([[1, 2], [3, 4]], [[0, 0], [0, 0]])
WEIGHTED = {**good_request(), "weight": floats([1, 2, 0.5])}
MASKED = {**good_request(), "mask": bools([[1, 0, 1], [0, 0, 0]])}

OWN = [
    case("caffe-batchmean", CAFFE, "fixture reduction", "Σe²/(2N)", reduction="batchmean", near=7.5),
    case("caffe-mean", CAFFE, "fixture reduction", reduction="mean", near=3.75),
    case("optax-none", pair([1, 2], [0, 0]), "fixture", "half of torch's mse", reduction="none", near=[0.5, 2]),
    case("weight-batchmean", WEIGHTED, "weight reduction", "divides by the first axis", reduction="batchmean"),
    case("mask-batchmean", MASKED, "mask reduction", "divides by the first axis", reduction="batchmean"),
    case("tiny-none", pair([1e-15, -2e-18], [0, 1e-18]), "unstable", "far below the roundoff", reduction="none"),
    error("BAD_OPTION", "error-delta", good_request(), "delta belongs to huber", delta=1),
]

LOSS = Loss(
    id="halfMse",
    paper="optax.l2_loss; Caffe, EuclideanLoss",
    unreduced=unreduced,
    cases=regression_cases(reductions=(*REDUCTIONS, "batchmean")) + OWN,
    checks=[optax_check("l2_loss")],
)
