"""Tensors as the vector files have them: dtype, shape, flat row-major data."""

from dataclasses import dataclass
from itertools import product
from math import prod

from .numbers import mpf, to_float32


@dataclass(frozen=True)
class Tensor:
    dtype: str
    shape: tuple
    data: tuple

    def __post_init__(self):
        assert len(self.data) == prod(self.shape), (self.shape, len(self.data))

    @property
    def size(self):
        return len(self.data)

    @property
    def is_float(self):
        return self.dtype.startswith("float")


def _shape(nested):
    return (len(nested),) + (_shape(nested[0]) if nested else ()) if isinstance(nested, (list, tuple)) else ()


def _flat(nested):
    if not isinstance(nested, (list, tuple)):
        return [nested]
    return [x for part in nested for x in _flat(part)]


def _tensor(dtype, nested, shape, convert):
    shape = _shape(nested) if shape is None else tuple(shape)
    return Tensor(dtype, shape, tuple(convert(x) for x in _flat(nested)))


def floats(nested, shape=None):
    """A float32 tensor from nested lists; every element is rounded to float32, so it is exact in every dtype."""
    return _tensor("float32", nested, shape, lambda x: to_float32(float(x)))


def ints(nested, shape=None):
    return _tensor("int32", nested, shape, int)


def bools(nested, shape=None):
    return _tensor("bool", nested, shape, bool)


def strides(shape):
    result, step = [], 1
    for size in reversed(shape):
        result.append(step)
        step *= size
    return tuple(reversed(result))


def coordinates(shape):
    """All index tuples of a shape, row-major."""
    return product(*(range(size) for size in shape))


def broadcast_index(shape, coordinate):
    """The flat index in a tensor of `shape` that is met at `coordinate`, right-aligned as in numpy."""
    own = coordinate[len(coordinate) - len(shape) :]
    return sum((0 if size == 1 else at) * step for size, at, step in zip(shape, own, strides(shape)))


def exact(tensor):
    """The data of a float tensor as multi-precision numbers."""
    return [mpf(x) for x in tensor.data]
