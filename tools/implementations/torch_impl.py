"""torch.nn.functional and torchvision.ops, behind isoloss's line protocol: python3 torch_impl.py"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import protocol

protocol.needs("torch", "torchvision")

import torch  # noqa: E402
from torch import Tensor  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from protocol import Entry, Options, Skip  # noqa: E402
from torch_library import TorchLibrary, reduce, same_shape  # noqa: E402

# The wheel's compiled operators don't load beside some builds of torch; the losses are plain Python.
for _name in ("nms", "qnms"):
    with suppress(RuntimeError):  # where it is there
        torch.library.define(f"torchvision::{_name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
import torchvision  # noqa: E402

PAIR, WEIGHT = "input target", {"weight": "weight"}


def named(function: Callable[..., Any]) -> str:
    return f"torch's {function.__name__}"


def direct(
    function: Callable[..., Tensor],
    inputs: str,
    *,
    extra: dict[str, str] | None = None,
    more: tuple = (),
    **options: str,
) -> Entry:
    """A function that has our inputs in our order, with keyword inputs and options by its names = ours."""
    positional, keywords = inputs.split(), extra or {}

    def call(t: SimpleNamespace, o: Options) -> Tensor:
        tensors = {theirs: getattr(t, ours) for theirs, ours in keywords.items()}
        tensors = {name: tensor for name, tensor in tensors.items() if tensor is not None}
        return function(*(getattr(t, n) for n in positional), **tensors, **o.given(**options), reduction=o.reduction)

    reductions = ("none", "mean", "sum", *more)
    return Entry(named(function), call, (*positional, *keywords.values()), tuple(options.values()), reductions)


def weighted(function: Callable[..., Tensor], **options: str) -> Entry:
    """As direct, with weights of the input's shape: these functions don't broadcast them."""
    plain = direct(function, PAIR, extra=WEIGHT, **options)

    def call(t: SimpleNamespace, o: Options) -> Tensor:
        same_shape(t.weight, t.input, f"{plain.function} takes weights")
        return plain.call(t, o)

    return replace(plain, call=call)


def gaussian_nll(t: SimpleNamespace, o: Options) -> Tensor:
    """Its variance may lack the last axis or have it of size 1, but doesn't broadcast otherwise."""
    if t.variance.shape not in (t.input.shape[:-1], (*t.input.shape[:-1], 1)):
        same_shape(t.variance, t.input, "torch's gaussian_nll_loss takes a variance")
    return F.gaussian_nll_loss(t.input, t.target, t.variance, **o.given(full="full", eps="eps"), reduction=o.reduction)


def classes_second(tensor: Tensor, o: Options) -> Tensor:
    """torch's layout: classes on axis 1, or alone."""
    return tensor if tensor.dim() < 2 else tensor.movedim(o.get("classAxis", 1), 1)


def ignoring(o: Options) -> dict[str, int]:
    if o.get("ignoreIndex", 0) is None:
        raise Skip("torch's ignore_index can't be switched off")
    return o.given(ignore_index="ignoreIndex")


def cross_entropy(t: SimpleNamespace, o: Options) -> Tensor:
    if not o.get("fromLogits", True):
        raise Skip("torch's cross_entropy takes logits only")
    x = classes_second(t.input, o)
    target = classes_second(t.target, o) if t.target.dim() == t.input.dim() else t.target
    rest = {**ignoring(o), **o.given(label_smoothing="labelSmoothing")}
    return F.cross_entropy(x, target, weight=t.weight, reduction=o.reduction, **rest)


def nll(t: SimpleNamespace, o: Options) -> Tensor:
    x = classes_second(t.input, o)
    return F.nll_loss(x, t.target, weight=t.weight, reduction=o.reduction, **ignoring(o))


def kl_div(t: SimpleNamespace, o: Options) -> Tensor:
    """Its input is log-probabilities, as its documentation says: probabilities go through log first."""
    x = t.input if o.get("logInput", True) else t.input.log()
    return F.kl_div(x, t.target, **o.given(log_target="logTarget"), reduction=o.reduction)


def ctc(t: SimpleNamespace, o: Options) -> Tensor:
    """Logits go through log_softmax first, as in the documentation's example; one item's targets are not padded."""
    x = t.logProbs.log_softmax(-1) if o.get("logits", False) else t.logProbs
    targets = t.targets[: int(t.targetLengths)] if t.logProbs.dim() == 2 and t.targets.dim() == 1 else t.targets
    rest = o.given(blank="blank", zero_infinity="zeroInfinity")
    return F.ctc_loss(x, targets, t.inputLengths, t.targetLengths, reduction=o.reduction, **rest)


def one_minus_cosine(x: Tensor, y: Tensor, **rest: float) -> Tensor:
    return 1 - F.cosine_similarity(x, y, dim=-1, **rest)


def cosine_similarity(t: SimpleNamespace, o: Options) -> Tensor:
    return reduce(one_minus_cosine(t.input, t.target, **o.given(eps="eps")), o.reduction)


def pairwise(p: float | None) -> Entry:
    """torch's distance of rows: its eps of 1e-6 goes into the difference."""

    def call(t: SimpleNamespace, o: Options) -> Tensor:
        given = {} if p is None else {"p": p}
        return reduce(F.pairwise_distance(t.input, t.target, **{**given, **o.given(p="p")}), o.reduction)

    return Entry(named(F.pairwise_distance), call, ("input", "target"), ("p",) if p == 3 else ())


def distance_of(o: Options) -> Callable[[Tensor, Tensor], Tensor]:
    """A distance_function for triplet_margin_with_distance_loss: torch's own where it has one."""
    degrees = {"manhattan": 1.0, "chebyshev": float("inf"), "minkowski": o.get("p", 2)}
    name = o.get("distance", "euclidean")
    if name == "euclidean":
        return torch.nn.PairwiseDistance(**o.given(p="p", eps="eps"))
    if name == "cosine":
        return one_minus_cosine
    if name == "squaredEuclidean":
        return lambda x, y: (x - y).square().sum(-1)
    return lambda x, y: torch.linalg.vector_norm(x - y, degrees[name], dim=-1)


def triplet_with_distance(t: SimpleNamespace, o: Options) -> Tensor:
    rest = {**o.given(margin="margin", swap="swap"), "reduction": o.reduction}
    if "distance" in o or {"p", "eps"} & o.keys():
        rest["distance_function"] = distance_of(o)
    return F.triplet_margin_with_distance_loss(t.anchor, t.positive, t.negative, **rest)


def triplet(t: SimpleNamespace, o: Options) -> Tensor:
    if o.get("distance", "euclidean") != "euclidean":
        return triplet_with_distance(t, o)
    rest = o.given(margin="margin", p="p", eps="eps", swap="swap")
    return F.triplet_margin_loss(t.anchor, t.positive, t.negative, **rest, reduction=o.reduction)


def sigmoid_focal(t: SimpleNamespace, o: Options) -> Tensor:
    """Its alpha of −1 is ours of null."""
    rest = {**o.given(alpha="alpha", gamma="gamma"), "reduction": o.reduction}
    if "alpha" in rest and rest["alpha"] is None:
        rest["alpha"] = -1
    return torchvision.ops.sigmoid_focal_loss(t.input, t.target, **rest)


def boxes(function: Callable[..., Tensor]) -> Entry:
    def call(t: SimpleNamespace, o: Options) -> Tensor:
        return function(t.input, t.target, reduction=o.reduction, **o.given(eps="eps"))

    return Entry(f"torchvision's {function.__name__}", call, ("input", "target"), ("eps",))


def entropy(t: SimpleNamespace, o: Options) -> Tensor:
    return reduce(torch.special.entr(t.input).sum(-1), o.reduction)


CLASSES = ("input", "target", "weight")
TRIPLET = ("anchor", "positive", "negative")
DISTANCE_OPTIONS = ("margin", "p", "eps", "swap", "distance")

LOSSES = {
    "l1": weighted(F.l1_loss),
    "mse": weighted(F.mse_loss),
    "smoothL1": direct(F.smooth_l1_loss, PAIR, beta="beta"),
    "huber": weighted(F.huber_loss, delta="delta"),
    "poissonNll": direct(F.poisson_nll_loss, PAIR, log_input="logInput", full="full", eps="eps"),
    "gaussianNll": Entry(named(F.gaussian_nll_loss), gaussian_nll, ("input", "target", "variance"), ("full", "eps")),
    "bce": direct(F.binary_cross_entropy, PAIR, extra=WEIGHT),
    "bceWithLogits": direct(
        F.binary_cross_entropy_with_logits, PAIR, extra={"weight": "weight", "pos_weight": "posWeight"}
    ),
    "softMargin": direct(F.soft_margin_loss, PAIR),
    "multilabelMargin": direct(F.multilabel_margin_loss, PAIR),
    "multilabelSoftMargin": direct(F.multilabel_soft_margin_loss, PAIR, extra=WEIGHT),
    "multiMargin": direct(F.multi_margin_loss, PAIR, extra=WEIGHT, p="p", margin="margin"),
    "hingeEmbedding": direct(F.hinge_embedding_loss, PAIR, margin="margin"),
    "cosineEmbedding": direct(F.cosine_embedding_loss, "input1 input2 target", margin="margin"),
    "marginRanking": direct(F.margin_ranking_loss, "input1 input2 target", margin="margin"),
    "crossEntropy": Entry(
        named(F.cross_entropy), cross_entropy, CLASSES, ("classAxis", "ignoreIndex", "labelSmoothing", "fromLogits")
    ),
    "nll": Entry(named(F.nll_loss), nll, CLASSES, ("classAxis", "ignoreIndex")),
    "klDiv": Entry(
        named(F.kl_div), kl_div, ("input", "target"), ("logInput", "logTarget"), ("none", "mean", "sum", "batchmean")
    ),
    "ctc": Entry(
        named(F.ctc_loss),
        ctc,
        ("logProbs", "targets", "inputLengths", "targetLengths"),
        ("blank", "zeroInfinity", "logits"),
    ),
    "tripletMargin": Entry(named(F.triplet_margin_loss), triplet, TRIPLET, DISTANCE_OPTIONS),
    "tripletMarginWithDistance": Entry(
        named(F.triplet_margin_with_distance_loss), triplet_with_distance, TRIPLET, DISTANCE_OPTIONS
    ),
    "cosineSimilarity": Entry(named(F.cosine_similarity), cosine_similarity, ("input", "target"), ("eps",)),
    "euclidean": pairwise(None),
    "manhattan": pairwise(1),
    "chebyshev": pairwise(float("inf")),
    "minkowski": pairwise(3),
    "entropy": Entry("torch's special.entr", entropy, ("input",)),
    "sigmoidFocal": Entry("torchvision's sigmoid_focal_loss", sigmoid_focal, ("input", "target"), ("alpha", "gamma")),
    "giou": boxes(torchvision.ops.generalized_box_iou_loss),
    "diou": boxes(torchvision.ops.distance_box_iou_loss),
    "ciou": boxes(torchvision.ops.complete_box_iou_loss),
}


def main() -> None:
    torch.set_num_threads(1)
    release = torch.__version__.partition("+")[0]
    runtime = f"torchvision {torchvision.__version__.partition('+')[0]}"
    protocol.serve(TorchLibrary(name="torch", version=release, losses=LOSSES, runtime=runtime))


if __name__ == "__main__":
    main()
