"""The libraries of the cross-checks, loaded when first used."""

import importlib
import os
import warnings
from functools import cache
from importlib import metadata

DISTRIBUTIONS = {"scikit-learn": "scikit-learn"}
MODULES = {"scikit-learn": "sklearn", "pytorch-metric-learning": "pytorch_metric_learning"}


@cache
def load(name):
    """The module, set up for float64 on the CPU."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    warnings.simplefilter("ignore")
    if name in ("keras", "optax"):
        load("jax")
    if name == "torchvision":
        _let_torchvision_load()
    if name == "torchmetrics":
        load("torchvision")
    module = importlib.import_module(MODULES.get(name, name))
    if name == "torch":
        module.set_num_threads(1)
    elif name == "jax":
        module.config.update("jax_enable_x64", True)
    elif name == "keras":
        module.config.set_floatx("float64")
    elif name == "pytorch-metric-learning":
        importlib.import_module("pytorch_metric_learning.losses")
    elif name == "torchmetrics":
        importlib.import_module("torchmetrics.functional")
    elif name == "scipy":
        importlib.import_module("scipy.spatial.distance")
        importlib.import_module("scipy.optimize")
        importlib.import_module("scipy.special")
        importlib.import_module("scipy.stats")
    return module


def _let_torchvision_load():
    """Its wheel's compiled operators don't load beside a CPU build of torch; the losses are plain Python."""
    torch = load("torch")
    for operator in ("nms", "qnms"):
        torch.library.define(f"torchvision::{operator}", "(Tensor a, Tensor b, float c) -> Tensor")


def is_there(name):
    try:
        return bool(version(name))
    except metadata.PackageNotFoundError:
        return False


@cache
def version(name):
    """The version without its build tag: 2.13.0, not 2.13.0+cpu."""
    return metadata.version(DISTRIBUTIONS.get(name, name)).partition("+")[0]
