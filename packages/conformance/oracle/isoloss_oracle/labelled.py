"""Random inputs of losses with a class axis: logits and labels or target probabilities."""

from .cases import Draw
from .tensors import floats


def index(key, shape, axis=1, scale=2.0):
    draw = Draw(key)
    rank1 = len(shape) == 1
    axis = 0 if rank1 else axis % len(shape)
    rest = shape[:axis] + shape[axis + 1 :]
    return {"input": draw.normal(shape, scale), "target": draw.integers(rest, shape[axis])}


def soft(key, shape, axis=1, scale=2.0):
    draw = Draw(key)
    return {"input": draw.normal(shape, scale), "target": draw.probabilities(shape, axis)}


def one_hot(labels, classes):
    return floats([[float(c == y) for c in range(classes)] for y in labels])
