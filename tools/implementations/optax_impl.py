"""optax.losses, behind isoloss's line protocol: python3 optax_impl.py

optax's losses leave the reduction to their user: it is jnp.mean or jnp.sum of what they return.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import protocol

protocol.needs("jax", "optax")

import jax  # noqa: E402
import optax  # noqa: E402
from jax import Array  # noqa: E402
from jax import numpy as jnp  # noqa: E402
from optax import losses  # noqa: E402

from jax_library import JaxLibrary, reduce  # noqa: E402
from protocol import Entry, Options, Skip  # noqa: E402

PAIR = ("input", "target")


def named(function: Callable[..., Any]) -> str:
    return f"optax's {function.__name__}"


def direct(function: Callable[..., Array], inputs: tuple[str, ...] = PAIR, **options: str) -> Entry:
    """A function of our inputs in our order, with options by its names = ours."""

    def call(t: SimpleNamespace, o: Options) -> Array:
        return reduce(function(*(getattr(t, name) for name in inputs), **o.given(**options)), o.reduction)

    return Entry(named(function), call, inputs, tuple(options.values()))


def classes_last(array: Array, o: Options) -> Array:
    return array if array.ndim < 2 else jnp.moveaxis(array, o.get("classAxis", 1), -1)


def by_label(function: Callable[..., Array]) -> Entry:
    """Rows of scores and their labels: leading axes are made one, which not every of these functions does itself."""

    def call(t: SimpleNamespace, o: Options) -> Array:
        if t.target.ndim == t.input.ndim:
            raise Skip(f"{named(function)} takes labels only")
        scores = classes_last(t.input, o)
        if t.target.shape != scores.shape[:-1]:
            return reduce(function(scores, t.target), o.reduction)  # for optax to refuse
        values = function(scores.reshape(-1, scores.shape[-1]), t.target.reshape(-1))
        return reduce(values.reshape(t.target.shape), o.reduction)

    return Entry(named(function), call, PAIR, ("classAxis",))


def distribution(t: SimpleNamespace, logits: Array, o: Options) -> Array:
    """The target, one-hot if it is labels."""
    if t.target.ndim == t.input.ndim:
        return classes_last(t.target, o)
    return jax.nn.one_hot(t.target, logits.shape[-1], dtype=logits.dtype)


def cross_entropy(t: SimpleNamespace, o: Options) -> Array:
    if not o.get("fromLogits", True):
        raise Skip("optax's softmax_cross_entropy takes logits only")
    logits, given = classes_last(t.input, o), t.target.ndim == t.input.ndim
    if "labelSmoothing" in o:
        labels = losses.smooth_labels(distribution(t, logits, o), o["labelSmoothing"])
        values = losses.softmax_cross_entropy(logits, labels)
    elif given:
        values = losses.softmax_cross_entropy(logits, classes_last(t.target, o))
    else:
        values = losses.softmax_cross_entropy_with_integer_labels(logits, t.target)
    return reduce(values, o.reduction)


def poly1(t: SimpleNamespace, o: Options) -> Array:
    logits = classes_last(t.input, o)
    values = losses.poly_loss_cross_entropy(logits, distribution(t, logits, o), **o.given(epsilon="epsilon"))
    return reduce(values, o.reduction)


def kl_div(t: SimpleNamespace, o: Options) -> Array:
    """optax sums the last axis, so its mean is by rows: what others call batchmean."""
    predictions = t.input if o.get("logInput", True) else jnp.log(t.input)
    function = losses.kl_divergence_with_log_targets if o.get("logTarget", False) else losses.kl_divergence
    return reduce(function(predictions, t.target), "mean" if o.reduction == "batchmean" else o.reduction)


def ctc(t: SimpleNamespace, o: Options) -> Array:
    """Batch first, lengths as paddings. It normalises: log-probabilities are logits, too."""
    if t.logProbs.ndim == 2:
        raise Skip("optax's ctc_loss takes batches only")
    logits = jnp.swapaxes(t.logProbs, 0, 1)

    def paddings(lengths: Array, size: int) -> Array:
        return (jnp.arange(size)[None] >= lengths[:, None]).astype(logits.dtype)

    ends = paddings(t.inputLengths, logits.shape[1]), paddings(t.targetLengths, t.targets.shape[1])
    with jax.disable_jit():  # its scan would be compiled for each shape, which takes a second
        values = losses.ctc_loss(logits, ends[0], t.targets, ends[1], **o.given(blank_id="blank"))
    return reduce(values, o.reduction)


def has_activation(function: str, x: Array, o: Options) -> bool:
    """optax takes logits, of which a single class gets a sigmoid and several a softmax, or what sums to 1."""
    activation = o.get("activation", "none")
    if activation == "sigmoid" and x.shape[-1] != 1:
        raise Skip(f"{function} has a sigmoid for a single class only")
    if activation == "none" and not jnp.allclose(jax.lax.stop_gradient(x).sum(-1), 1, rtol=1e-5):
        raise Skip(f"{function} takes probabilities that sum to 1 only")
    return activation != "none"


def dice(t: SimpleNamespace, o: Options) -> Array:
    """Per class of each image or of the batch; probabilities must sum to 1, as optax asks."""
    x, y = classes_last(t.input, o), classes_last(t.target, o)
    activated = has_activation("optax's dice_loss", x, o)
    rest = o.given(smooth="smooth", alpha="alpha", beta="beta")
    if o.get("per", "sample") == "batch":
        rest["axis"] = tuple(range(x.ndim - 1))
    values = losses.dice_loss(x, y, apply_softmax=activated, reduction="none", **rest)
    return reduce(values, o.reduction)


def generalized_dice(t: SimpleNamespace, o: Options) -> Array:
    x, y = classes_last(t.input, o), classes_last(t.target, o)
    softmax = has_activation("optax's multiclass_generalized_dice_loss", x, o)
    return losses.multiclass_generalized_dice_loss(x, y, apply_softmax=softmax, **o.given(smooth="smooth"))


def ranking_softmax(t: SimpleNamespace, o: Options) -> Array:
    ways = {"none": None, "mean": jnp.mean, "sum": jnp.sum}
    return losses.ranking_softmax_loss(t.input, t.target, reduce_fn=ways[o.reduction])


def ntxent(t: SimpleNamespace, o: Options) -> Array:
    return losses.ntxent(t.embeddings, t.labels, **o.given(temperature="temperature"))


LOSSES = {
    "mse": direct(losses.squared_error),
    "halfMse": direct(losses.l2_loss),
    "huber": direct(losses.huber_loss, delta="delta"),
    "logCosh": direct(losses.log_cosh),
    "cosineSimilarity": direct(losses.cosine_distance, epsilon="eps"),
    "bceWithLogits": direct(losses.sigmoid_binary_cross_entropy),
    "sigmoidFocal": direct(losses.sigmoid_focal_loss, alpha="alpha", gamma="gamma"),
    "hinge": direct(losses.hinge_loss),
    "perceptron": direct(losses.perceptron_loss),
    "generalizedKl": direct(losses.generalized_kl_divergence),
    "multiclassHinge": by_label(losses.multiclass_hinge_loss),
    "sparsemax": by_label(losses.multiclass_sparsemax_loss),
    "crossEntropy": Entry(
        named(losses.softmax_cross_entropy), cross_entropy, PAIR, ("classAxis", "labelSmoothing", "fromLogits")
    ),
    "poly1": Entry(named(losses.poly_loss_cross_entropy), poly1, PAIR, ("classAxis", "epsilon")),
    "klDiv": Entry(named(losses.kl_divergence), kl_div, PAIR, ("logInput", "logTarget"), ("mean", "sum", "batchmean")),
    "ctc": Entry(
        named(losses.ctc_loss), ctc, ("logProbs", "targets", "inputLengths", "targetLengths"), ("blank", "logits")
    ),
    "dice": Entry(named(losses.dice_loss), dice, PAIR, ("activation", "smooth", "per", "classAxis")),
    "tversky": Entry(
        named(losses.dice_loss), dice, PAIR, ("activation", "smooth", "per", "classAxis", "alpha", "beta")
    ),
    "generalizedDice": Entry(
        named(losses.multiclass_generalized_dice_loss),
        generalized_dice,
        PAIR,
        ("activation", "smooth", "classAxis"),
        ("mean",),
    ),
    "softmaxRanking": Entry(named(losses.ranking_softmax_loss), ranking_softmax, PAIR),
    "ntXent": Entry(named(losses.ntxent), ntxent, ("embeddings", "labels"), ("temperature",)),
    "tripletMargin": direct(
        losses.triplet_margin_loss,
        ("anchor", "positive", "negative"),
        norm_degree="p",
        margin="margin",
        eps="eps",
    ),
}


def main() -> None:
    library = JaxLibrary(name="optax", version=optax.__version__, losses=LOSSES, runtime=f"jax {jax.__version__}")
    protocol.serve(library)


if __name__ == "__main__":
    main()
