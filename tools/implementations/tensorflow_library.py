"""TensorFlow's tensors and gradients, for keras on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy
import tensorflow as tf

import protocol


@dataclass
class TensorFlowLibrary(protocol.Library):
    def compute(
        self,
        entry: protocol.Entry,
        inputs: Mapping[str, numpy.ndarray],
        options: protocol.Options,
        gradients: Sequence[str],
        dtype: str,
    ) -> protocol.Result:
        """An input that no gradient reaches has none in TensorFlow."""
        arrays = {name: tf.constant(array) for name, array in inputs.items()}
        moving = [arrays[name] for name in gradients]
        with tf.GradientTape() as tape:
            for tensor in moving:
                tape.watch(tensor)
            value = entry.call(protocol.tensors(entry, arrays), options)
        found = tape.gradient(value, moving) if moving else []
        return protocol.Result(
            value.numpy(), {name: self._got(entry, name, g) for name, g in zip(gradients, found, strict=True)}
        )

    @staticmethod
    def _got(entry: protocol.Entry, name: str, gradient: tf.Tensor | None) -> numpy.ndarray | protocol.Skip:
        if gradient is None:
            return protocol.Skip(f"{entry.function} gives no gradient by {name}")
        return tf.convert_to_tensor(gradient).numpy()  # also of slices
