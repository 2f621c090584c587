"""keras.losses, behind isoloss's line protocol: python3 keras_impl.py --backend tensorflow (or jax)

keras's losses average the last axis before they reduce; an elementwise loss is given a last axis of size 1, so that
`none` is by element. Classes go last, `mean` is keras's default sum_over_batch_size, `weight` is its sample_weight.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import protocol
from protocol import Entry, Options, Skip

BACKENDS = ("tensorflow", "jax")


def backend_asked_for() -> str:
    parser = argparse.ArgumentParser(description="keras.losses behind isoloss's line protocol")
    parser.add_argument("--backend", choices=BACKENDS, default=BACKENDS[0])
    return parser.parse_args().backend


# keras reads it when it is imported.
BACKEND = os.environ["KERAS_BACKEND"] = backend_asked_for()
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
protocol.needs("keras", BACKEND)

if BACKEND == "jax":
    import jax_library  # noqa: E402, F401 – its settings come before jax
import keras  # noqa: E402
import numpy  # noqa: E402
from keras import losses, ops, regularizers  # noqa: E402

REDUCTIONS = {"none": "none", "mean": "sum_over_batch_size", "sum": "sum", "batchmean": "sum_over_batch_size"}
PAIR = ("input", "target")
CTC = ("logProbs", "targets", "inputLengths", "targetLengths")


def named(loss: type) -> str:
    return f"keras's {loss.__name__}"


def made(loss: type[losses.Loss], o: Options, **options: Any) -> losses.Loss:
    """An instance that computes in the floatx of the request."""
    return loss(reduction=REDUCTIONS[o.reduction], dtype=keras.config.floatx(), **options)


def elementwise(loss: type[losses.Loss], **options: str) -> Entry:
    def call(t: SimpleNamespace, o: Options) -> Any:
        rest = {} if t.weight is None else {"sample_weight": t.weight}
        return made(loss, o, **o.given(**options))(t.target[..., None], t.input[..., None], **rest)

    return Entry(named(loss), call, (*PAIR, "weight"), tuple(options.values()))


def rows(loss: type[losses.Loss]) -> Entry:
    """A loss of the last axis."""
    return Entry(named(loss), lambda t, o: made(loss, o)(t.target, t.input), PAIR)


def classes_last(tensor: Any, o: Options) -> Any:
    return tensor if len(tensor.shape) < 2 else ops.moveaxis(tensor, o.get("classAxis", 1), -1)


def cross_entropy(t: SimpleNamespace, o: Options) -> Any:
    """The sparse loss for labels, the dense one for probabilities, and for labels that are smoothed."""
    x, given = classes_last(t.input, o), len(t.target.shape) == len(t.input.shape)
    rest = {"from_logits": o.get("fromLogits", True)}
    if not given and "labelSmoothing" not in o:
        ignored = o.given(ignore_class="ignoreIndex")
        return made(losses.SparseCategoricalCrossentropy, o, **ignored, **rest)(t.target, x)
    if "ignoreIndex" in o:
        raise Skip("keras's CategoricalCrossentropy has no ignore_class")
    y = classes_last(t.target, o) if given else ops.one_hot(t.target, x.shape[-1], dtype=x.dtype)
    smoothing = o.given(label_smoothing="labelSmoothing")
    return made(losses.CategoricalCrossentropy, o, **smoothing, **rest)(y, x)


def bce_with_logits(t: SimpleNamespace, o: Options) -> Any:
    loss = made(losses.BinaryCrossentropy, o, from_logits=True, **o.given(label_smoothing="labelSmoothing"))
    return loss(t.target[..., None], t.input[..., None], sample_weight=t.weight)


def sigmoid_focal(t: SimpleNamespace, o: Options) -> Any:
    """Its alpha counts only with apply_class_balancing, which is off; a request that gives alpha turns it on."""
    rest = o.given(gamma="gamma")
    if o.get("alpha") is not None:
        rest |= {"apply_class_balancing": True, "alpha": o["alpha"]}
    loss = made(losses.BinaryFocalCrossentropy, o, from_logits=True, **rest)
    return loss(t.target[..., None], t.input[..., None], sample_weight=t.weight)


def focal(t: SimpleNamespace, o: Options) -> Any:
    x, given = classes_last(t.input, o), len(t.target.shape) == len(t.input.shape)
    y = classes_last(t.target, o) if given else ops.one_hot(t.target, x.shape[-1], dtype=x.dtype)
    rest = o.given(gamma="gamma", alpha="alpha")
    if rest.get("alpha", 1) is None:
        rest["alpha"] = 1
    loss = made(losses.CategoricalFocalCrossentropy, o, from_logits=True, **rest)
    return loss(y, x)


def generalized_cross_entropy(t: SimpleNamespace, o: Options) -> Any:
    if o.get("fromLogits", False):
        raise Skip("keras's CategoricalGeneralizedCrossEntropy takes probabilities only")
    if len(t.target.shape) == len(t.input.shape):
        raise Skip("keras's CategoricalGeneralizedCrossEntropy takes labels only")
    return made(losses.CategoricalGeneralizedCrossEntropy, o, **o.given(q="q"))(t.target, classes_last(t.input, o))


def categorical_hinge(t: SimpleNamespace, o: Options) -> Any:
    return made(losses.CategoricalHinge, o)(classes_last(t.target, o), classes_last(t.input, o))


def kl_div(t: SimpleNamespace, o: Options) -> Any:
    """keras sums the last axis, so its mean is by rows: what others call batchmean."""
    if o.get("logInput", True) or o.get("logTarget", False):
        raise Skip("keras's KLDivergence takes probabilities only")
    return made(losses.KLDivergence, o)(t.target, t.input)


def poisson(t: SimpleNamespace, o: Options) -> Any:
    if o.get("logInput", True) or o.get("full", False):
        raise Skip("keras's Poisson takes rates only, and has no Stirling term")
    return made(losses.Poisson, o)(t.target[..., None], t.input[..., None])


def region(loss: type[losses.Loss], **options: str) -> Entry:
    """Dice and Tversky: what is summed is their axis, the classes are kept."""

    def call(t: SimpleNamespace, o: Options) -> Any:
        rank = len(t.input.shape)
        kept = o.get("classAxis", 1) % max(rank, 1)
        others = [k for k in range(rank) if k != kept]  # the first is the batch
        axis = tuple(others if o.get("per", "sample") == "batch" else others[1:])
        activation = o.get("activation", "none")
        p = {"none": lambda: t.input, "sigmoid": lambda: ops.sigmoid(t.input)}.get(
            activation, lambda: ops.softmax(t.input, axis=kept)
        )()
        return made(loss, o, axis=axis, **o.given(**options))(t.target, p)

    return Entry(named(loss), call, PAIR, ("activation", "per", "classAxis", *options.values()))


def without_jit() -> AbstractContextManager[Any]:
    """A scan of jax's would be compiled for each shape, which takes a second."""
    if BACKEND != "jax":
        return nullcontext()
    import jax

    return jax.disable_jit()


def circle(t: SimpleNamespace, o: Options) -> Any:
    return made(losses.Circle, o, **o.given(gamma="gamma", margin="margin"))(t.labels, t.embeddings)


def ctc(t: SimpleNamespace, o: Options) -> Any:
    """Batch first; 0 is its blank and its padding, and every sequence is as long as the batch.

    It normalises: log-probabilities are logits, too.
    """
    if len(t.logProbs.shape) == 2:
        raise Skip("keras's CTC takes batches only")
    if o.get("blank", 0) != 0:
        raise Skip("keras's blank is 0")
    lengths, limits = ops.convert_to_numpy(t.inputLengths), ops.convert_to_numpy(t.targetLengths)
    if (lengths != t.logProbs.shape[0]).any():
        raise Skip("keras's CTC has no input lengths")
    labels = ops.convert_to_numpy(t.targets)
    inside = numpy.arange(labels.shape[1])[None] < limits[:, None]
    padded = ops.convert_to_tensor(numpy.where(inside, labels, 0))
    with without_jit():
        return made(losses.CTC, o)(padded, ops.swapaxes(t.logProbs, 0, 1))


def penalty(call: Callable[[SimpleNamespace, Options], Any], function: str, *options: str) -> Entry:
    return Entry(f"keras's regularizers.{function}", call, ("parameters",), options)


def elastic_net(t: SimpleNamespace, o: Options) -> Any:
    """Its names are other ones (and its defaults 0): ours are told in full."""
    strength, ratio = o.get("strength", 0.01), o.get("l1Ratio", 0.5)
    return regularizers.L1L2(l1=strength * ratio, l2=strength * (1 - ratio))(t.parameters)


LOSSES = {
    "l1": elementwise(losses.MeanAbsoluteError),
    "mse": elementwise(losses.MeanSquaredError),
    "huber": elementwise(losses.Huber, delta="delta"),
    "logCosh": elementwise(losses.LogCosh),
    "mape": elementwise(losses.MeanAbsolutePercentageError),
    "msle": elementwise(losses.MeanSquaredLogarithmicError),
    "hinge": elementwise(losses.Hinge),
    "squaredHinge": elementwise(losses.SquaredHinge),
    "bce": elementwise(losses.BinaryCrossentropy),
    "bceWithLogits": Entry(named(losses.BinaryCrossentropy), bce_with_logits, (*PAIR, "weight"), ("labelSmoothing",)),
    "sigmoidFocal": Entry(named(losses.BinaryFocalCrossentropy), sigmoid_focal, (*PAIR, "weight"), ("alpha", "gamma")),
    "crossEntropy": Entry(
        named(losses.CategoricalCrossentropy),
        cross_entropy,
        PAIR,
        ("classAxis", "ignoreIndex", "labelSmoothing", "fromLogits"),
    ),
    "focal": Entry(named(losses.CategoricalFocalCrossentropy), focal, PAIR, ("classAxis", "alpha", "gamma")),
    "generalizedCrossEntropy": Entry(
        named(losses.CategoricalGeneralizedCrossEntropy),
        generalized_cross_entropy,
        PAIR,
        ("classAxis", "q", "fromLogits"),
    ),
    "categoricalHinge": Entry(named(losses.CategoricalHinge), categorical_hinge, PAIR, ("classAxis",)),
    "klDiv": Entry(named(losses.KLDivergence), kl_div, PAIR, ("logInput", "logTarget"), ("mean", "sum", "batchmean")),
    "poissonNll": Entry(named(losses.Poisson), poisson, PAIR, ("logInput", "full")),
    "cosineSimilarity": rows(losses.CosineSimilarity),
    "dice": region(losses.Dice),
    "tversky": region(losses.Tversky, alpha="alpha", beta="beta"),
    "circle": Entry(named(losses.Circle), circle, ("embeddings", "labels"), ("gamma", "margin")),
    "ctc": Entry(named(losses.CTC), ctc, CTC, ("blank", "logits")),
    "l1Penalty": penalty(lambda t, o: regularizers.L1(**o.given(l1="strength"))(t.parameters), "L1", "strength"),
    "l2Penalty": penalty(lambda t, o: regularizers.L2(**o.given(l2="strength"))(t.parameters), "L2", "strength"),
    "elasticNet": penalty(elastic_net, "L1L2", "strength", "l1Ratio"),
}


def library() -> protocol.Library:
    if BACKEND == "jax":
        import jax

        from jax_library import JaxLibrary

        engine, runtime = JaxLibrary, f"jax {jax.__version__}"
    else:
        import tensorflow

        from tensorflow_library import TensorFlowLibrary

        engine, runtime = TensorFlowLibrary, f"tensorflow {tensorflow.__version__}"

    @dataclass
    class KerasLibrary(engine):
        def compute(
            self,
            entry: Entry,
            inputs: Mapping[str, numpy.ndarray],
            options: Options,
            gradients: Sequence[str],
            dtype: str,
        ) -> protocol.Result:
            """With keras's own dtype that of the request, as a user of float64 sets it."""
            keras.config.set_floatx(dtype)
            return super().compute(entry, inputs, options, gradients, dtype)

    return KerasLibrary(name=f"keras-{BACKEND}", version=keras.__version__, losses=LOSSES, runtime=runtime)


if __name__ == "__main__":
    protocol.serve(library())
