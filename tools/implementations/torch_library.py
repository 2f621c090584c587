"""torch's tensors and gradients, for the programs of torch and of libraries made of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy
import torch

import protocol

WITHOUT_DERIVATIVE = re.compile(
    r"derivative for '(\w+)' is not implemented|differentiable with respect to argument '(\w+)'"
)


@dataclass
class TorchLibrary(protocol.Library):
    def compute(
        self,
        entry: protocol.Entry,
        inputs: Mapping[str, numpy.ndarray],
        options: protocol.Options,
        gradients: Sequence[str],
        dtype: str,
    ) -> protocol.Result:
        """Where torch says that it has no derivative by an input, that gradient is skipped and the others are not."""
        wanted, missing = list(gradients), {}
        while True:
            leaves = {name: leaf(array, name in wanted) for name, array in inputs.items()}
            try:
                value = entry.call(protocol.tensors(entry, leaves), options)
            except (RuntimeError, NotImplementedError) as refusal:
                name = without_derivative(str(refusal), wanted)
                if name is None:
                    raise
                wanted.remove(name)
                missing[name] = protocol.Skip(f"{entry.function} has no derivative by {name}")
                continue
            found = differentiate(value, {name: leaves[name] for name in wanted}, entry)
            return protocol.Result(value.detach().numpy(), {name: {**missing, **found}[name] for name in gradients})


def leaf(array: numpy.ndarray, moving: bool) -> torch.Tensor:
    """torch wants its indices in int64."""
    tensor = torch.from_numpy(numpy.array(array, dtype=numpy.int64 if array.dtype == numpy.int32 else array.dtype))
    return tensor.requires_grad_() if moving else tensor


def without_derivative(message: str, wanted: Sequence[str]) -> str | None:
    """Which of the wanted inputs torch's message is about, in our spelling."""
    found = WITHOUT_DERIVATIVE.search(message)
    if not found:
        return None
    snake = found[1] or found[2]
    camel = re.sub(r"_(\w)", lambda part: part[1].upper(), snake)
    return next((name for name in (camel, snake) if name in wanted), None)


def differentiate(
    value: torch.Tensor, leaves: Mapping[str, torch.Tensor], entry: protocol.Entry
) -> dict[str, numpy.ndarray | protocol.Skip]:
    """The gradients of sum(value). An input that torch keeps out of its graph has none; an empty one has nothing."""
    found: dict[str, numpy.ndarray | protocol.Skip] = {}
    if leaves:
        connected = value.requires_grad
        of = torch.autograd.grad(value.sum(), list(leaves.values()), allow_unused=True) if connected else ()
        for k, (name, tensor) in enumerate(leaves.items()):
            gradient = of[k] if connected else None
            if gradient is not None:
                found[name] = gradient.numpy()
            elif tensor.numel() == 0:
                found[name] = numpy.zeros(tuple(tensor.shape))
            else:
                found[name] = protocol.Skip(f"{entry.function} gives no gradient by {name}")
    return found


def same_shape(tensor: torch.Tensor | None, like: torch.Tensor, what: str) -> torch.Tensor | None:
    """The tensor; Skip if it would have to be broadcast. What fits in no way is left for torch to refuse."""
    if tensor is not None and tensor.shape != like.shape and fits(tensor, like):
        raise protocol.Skip(f"{what} of the input's shape only")
    return tensor


def fits(tensor: torch.Tensor, like: torch.Tensor) -> bool:
    sizes = zip(reversed(tensor.shape), reversed(like.shape))
    return tensor.dim() <= like.dim() and all(size in (1, whole) for size, whole in sizes)


def reduce(values: torch.Tensor, reduction: str) -> torch.Tensor:
    """For functions that have no reduction of their own."""
    return {"none": lambda: values, "mean": values.mean, "sum": values.sum}[reduction]()
