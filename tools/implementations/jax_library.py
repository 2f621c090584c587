"""jax's arrays and gradients, for the programs of libraries made of it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# A run is thousands of small programs, compiled one by one: what is kept of them makes the next run five times as fast.
for _name, _value in {
    "JAX_PLATFORMS": "cpu",
    "JAX_COMPILATION_CACHE_DIR": str(Path(__file__).resolve().parent / ".cache" / "jax"),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}.items():
    os.environ.setdefault(_name, _value)

import jax  # noqa: E402
import numpy  # noqa: E402
from jax import numpy as jnp  # noqa: E402

import protocol  # noqa: E402


@dataclass
class JaxLibrary(protocol.Library):
    def compute(
        self,
        entry: protocol.Entry,
        inputs: Mapping[str, numpy.ndarray],
        options: protocol.Options,
        gradients: Sequence[str],
        dtype: str,
    ) -> protocol.Result:
        """Not jitted: a program would be compiled for each shape. float32 is computed as by those who know no x64."""
        with jax.enable_x64(dtype == "float64"):
            return self._compute(entry, inputs, options, gradients)

    def _compute(
        self,
        entry: protocol.Entry,
        inputs: Mapping[str, numpy.ndarray],
        options: protocol.Options,
        gradients: Sequence[str],
    ) -> protocol.Result:
        arrays = {name: jnp.asarray(array) for name, array in inputs.items()}
        if not gradients:
            return protocol.Result(numpy.asarray(entry.call(protocol.tensors(entry, arrays), options)))
        moving = {name: arrays[name] for name in gradients}
        value, pull = jax.vjp(lambda moved: entry.call(protocol.tensors(entry, {**arrays, **moved}), options), moving)
        found = pull(jnp.ones_like(value))[0]
        return protocol.Result(numpy.asarray(value), {name: numpy.asarray(found[name]) for name in gradients})


def reduce(values: jax.Array, reduction: str) -> jax.Array:
    """For functions that have no reduction of their own: what their documentation does with jnp.mean."""
    return {"none": lambda x: x, "mean": jnp.mean, "sum": jnp.sum}[reduction](values)
