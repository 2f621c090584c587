"""pytorch-metric-learning, behind isoloss's line protocol: python3 metric_learning_impl.py

Its losses make their prototypes themselves: they are given the request's, where they keep theirs. `mean` is each
loss's own default reducer, `none` its losses by example, where it has them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import protocol

protocol.needs("torch", "pytorch_metric_learning")

import pytorch_metric_learning  # noqa: E402
import torch  # noqa: E402
from pytorch_metric_learning import losses, reducers  # noqa: E402
from torch import Tensor  # noqa: E402

from protocol import Entry, Options  # noqa: E402
from torch_library import TorchLibrary  # noqa: E402

ROWS = ("input", "prototypes", "target")


def named(loss: type) -> str:
    return f"pytorch-metric-learning's {loss.__name__}"


def reducer(o: Options) -> dict[str, Any]:
    ways = {"mean": None, "sum": reducers.SumReducer, "none": reducers.DoNothingReducer}
    return {} if ways[o.reduction] is None else {"reducer": ways[o.reduction]()}


def unwrapped(value: Any, embeddings: Tensor) -> Tensor:
    """DoNothingReducer leaves a description by the loss's name, with the number 0 where no example has a loss."""
    if not isinstance(value, dict):
        return value
    by_example = value["loss"]["losses"]
    return by_example.reshape(-1) if torch.is_tensor(by_example) else embeddings.sum(-1) * 0


def degrees(o: Options) -> dict[str, Any]:
    """Margins are in degrees there."""
    return o.given(scale="scale") | ({"margin": math.degrees(o["margin"])} if "margin" in o else {})


def as_temperature(o: Options) -> dict[str, Any]:
    return {"temperature": 1 / o["scale"]} if "scale" in o else {}


def same(*names: str) -> Callable[[Options], dict[str, Any]]:
    return lambda o: o.given(**{name: name for name in names})


def proxies(loss: type, options: str, arguments: Callable[[Options], dict[str, Any]], kept: str = "W") -> Entry:
    """A classifier's loss; `kept` is where its prototypes are: W as columns, else as rows."""

    def call(t: SimpleNamespace, o: Options) -> Tensor:
        rows = t.prototypes.reshape(-1, t.prototypes.shape[-1])
        sizes = {"num_classes": t.prototypes.shape[0], "embedding_size": t.prototypes.shape[-1]}
        if t.prototypes.dim() == 3:
            sizes["sub_centers"] = t.prototypes.shape[1]
        made = loss(**sizes, **arguments(o), **reducer(o))
        delattr(made, kept)  # a Parameter, whose place only a Parameter could take
        setattr(made, kept, rows.T if kept == "W" else rows)
        return unwrapped(made(t.input, t.target), t.input)

    reductions = ("none", "mean", "sum") if kept == "W" else ("mean",)
    return Entry(named(loss), call, ROWS, tuple(options.split()), reductions)


def pairs(loss: type, reductions: tuple[str, ...] = ("none", "mean", "sum"), **options: str) -> Entry:
    """A loss of a labelled batch, with options by its names = ours."""

    def call(t: SimpleNamespace, o: Options) -> Tensor:
        return unwrapped(loss(**o.given(**options), **reducer(o))(t.embeddings, t.labels), t.embeddings)

    return Entry(named(loss), call, ("embeddings", "labels"), tuple(options.values()), reductions)


def whole(loss: type, **options: str) -> Entry:
    """A loss that couples all pairs into one number: every reduction is its default one."""

    def call(t: SimpleNamespace, o: Options) -> Tensor:
        return loss(**o.given(**options))(t.embeddings, t.labels)

    return Entry(named(loss), call, ("embeddings", "labels"), tuple(options.values()))


def n_pair(t: SimpleNamespace, o: Options) -> Tensor:
    """Anchors and positives in one batch, each row a class of its own."""
    labels = torch.arange(len(t.anchor)).repeat(2)
    return losses.NPairsLoss()(torch.cat([t.anchor, t.positive]), labels)


def vic_reg(t: SimpleNamespace, o: Options) -> Tensor:
    names = {"invariance_lambda": "invariance", "variance_mu": "variance", "covariance_v": "covariance", "eps": "eps"}
    return losses.VICRegLoss(**o.given(**names))(t.input1, ref_emb=t.input2)


LOSSES = {
    "arcFace": proxies(losses.ArcFaceLoss, "scale margin", degrees),
    "subcenterArcFace": proxies(losses.SubCenterArcFaceLoss, "scale margin", degrees),
    "cosFace": proxies(losses.CosFaceLoss, "scale margin", same("scale", "margin")),
    "sphereFace": proxies(losses.SphereFaceLoss, "margin", same("margin")),
    "normFace": proxies(losses.NormalizedSoftmaxLoss, "scale", as_temperature),
    "proxyAnchor": proxies(losses.ProxyAnchorLoss, "margin alpha", same("margin", "alpha"), kept="proxies"),
    "circle": pairs(losses.CircleLoss, m="margin", gamma="gamma"),
    "multiSimilarity": pairs(losses.MultiSimilarityLoss, alpha="alpha", beta="beta", base="base"),
    "supCon": pairs(losses.SupConLoss, temperature="temperature"),
    "ntXent": whole(losses.NTXentLoss, temperature="temperature"),
    "liftedStructure": whole(losses.LiftedStructureLoss, neg_margin="negativeMargin", pos_margin="positiveMargin"),
    "nPair": Entry(named(losses.NPairsLoss), n_pair, ("anchor", "positive")),
    "vicReg": Entry(
        named(losses.VICRegLoss), vic_reg, ("input1", "input2"), ("invariance", "variance", "covariance", "eps")
    ),
}


def main() -> None:
    torch.set_num_threads(1)
    release = pytorch_metric_learning.__version__
    runtime = f"torch {torch.__version__.partition('+')[0]}"
    protocol.serve(TorchLibrary(name="pytorch-metric-learning", version=release, losses=LOSSES, runtime=runtime))


if __name__ == "__main__":
    main()
