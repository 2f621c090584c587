"""The headline's losses in JAX, for `jax.jit(jax.value_and_grad(…))`: one function a loss id, as in torch_losses."""

import jax.numpy as jnp
from jax import nn


def l1(input, target, **_):
    return jnp.abs(input - target).mean()


def mse(input, target, **_):
    return jnp.square(input - target).mean()


def huber(input, target, *, delta, **_):
    # optax.huber_loss
    error = jnp.abs(input - target)
    small = jnp.minimum(error, delta)
    return (0.5 * small**2 + delta * (error - small)).mean()


def smoothL1(input, target, *, beta, **_):  # noqa: N802
    return huber(input, target, delta=beta) / beta


def logCosh(input, target, **_):  # noqa: N802
    error = input - target
    return (jnp.logaddexp(error, -error) - jnp.log(2.0).astype(error.dtype)).mean()


def gaussianNll(input, target, variance, *, eps, **_):  # noqa: N802
    v = jnp.maximum(variance, eps)
    return (0.5 * (jnp.log(v) + jnp.square(input - target) / v)).mean()


def hinge(input, target, **_):
    return nn.relu(1 - target * input).mean()


def bceWithLogits(input, target, **_):  # noqa: N802
    # optax.sigmoid_binary_cross_entropy
    return -(target * nn.log_sigmoid(input) + (1 - target) * nn.log_sigmoid(-input)).mean()


def sigmoidFocal(input, target, *, alpha, gamma, **_):  # noqa: N802
    # optax.sigmoid_focal_loss
    p = nn.sigmoid(input)
    ce = -(target * nn.log_sigmoid(input) + (1 - target) * nn.log_sigmoid(-input))
    p_t = p * target + (1 - p) * (1 - target)
    return ((alpha * target + (1 - alpha) * (1 - target)) * ce * (1 - p_t) ** gamma).mean()


def crossEntropy(input, target, **_):  # noqa: N802
    # optax.softmax_cross_entropy_with_integer_labels, the classes on axis 1.
    own = jnp.take_along_axis(input, jnp.expand_dims(target, 1), axis=1).squeeze(1)
    return (nn.logsumexp(input, axis=1) - own).mean()


def dice(input, target, *, activation, smooth, **_):
    p = {"none": lambda x: x, "sigmoid": nn.sigmoid, "softmax": lambda x: nn.softmax(x, axis=1)}[activation](input)
    axes = tuple(range(2, p.ndim))
    overlap = (p * target).sum(axes)
    return (1 - (2 * overlap + smooth) / (p.sum(axes) + target.sum(axes) + smooth)).mean()


def infoNce(anchor, positive, *, temperature, **_):  # noqa: N802
    a, p = (x / jnp.linalg.norm(x, axis=-1, keepdims=True) for x in (anchor, positive))
    logits = a @ p.T / temperature
    return (nn.logsumexp(logits, axis=1) - jnp.diagonal(logits)).mean()
