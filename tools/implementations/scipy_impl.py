"""scipy and scikit-learn, behind isoloss's line protocol: python3 scipy_impl.py

Values only. What gives one number a call (a distance of two vectors) is called by row and reduced with numpy; the
metrics of scikit-learn are means, of elements in any shape, so they have no `none` and no `sum`.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import protocol

protocol.needs("numpy", "scipy", "sklearn")

import numpy  # noqa: E402
import scipy  # noqa: E402
import sklearn  # noqa: E402
from numpy import ndarray  # noqa: E402
from scipy import special, stats  # noqa: E402
from scipy.spatial import distance  # noqa: E402
from sklearn import metrics  # noqa: E402

from protocol import Entry, Options, Skip  # noqa: E402

PAIR = ("input", "target")


def reduce(values: ndarray, reduction: str) -> ndarray:
    return {"none": numpy.asarray, "mean": numpy.mean, "sum": numpy.sum}[reduction](values)


def elementwise(name: str, call: Callable[[SimpleNamespace, Options], ndarray], *options: str) -> Entry:
    """A function of scipy.special."""
    return Entry(f"scipy's special.{name}", lambda t, o: reduce(call(t, o), o.reduction), PAIR, options)


def by_row(function: Callable[..., float], name: str, *options: str, extra: tuple[str, ...] = (), **rest: str) -> Entry:
    """A function of two vectors, along the last axis; `rest` is its keyword = our option, `extra` further inputs."""

    def call(t: SimpleNamespace, o: Options) -> ndarray:
        if t.input.ndim == 0 or t.input.shape[:-1] != t.target.shape[:-1]:
            return numpy.asarray(function(t.input, t.target))  # for scipy to refuse
        more = [getattr(t, extra_input) for extra_input in extra]
        pairs = zip(t.input.reshape(-1, t.input.shape[-1]), t.target.reshape(-1, t.target.shape[-1]), strict=True)
        values = [function(u, v, *more, **o.given(**rest)) for u, v in pairs]
        return reduce(numpy.array(values, dtype=float).reshape(t.input.shape[:-1]), o.reduction)

    return Entry(f"scipy's {name}", call, (*PAIR, *extra), (*options, *rest.values()))


def flat(*arrays: ndarray | None) -> list[ndarray | None]:
    """Elements in a row, where the shapes agree; else as they are, for scikit-learn to refuse."""
    given = [array for array in arrays if array is not None]
    same = all(array.shape == given[0].shape for array in given)
    return [array.ravel() if same and array is not None else array for array in arrays]


def metric(function: Callable[..., float], **options: str) -> Entry:
    """A mean of sklearn.metrics, with its sample_weight for weights; options are its name = ours."""

    def call(t: SimpleNamespace, o: Options) -> float:
        if t.weight is not None and t.weight.shape != t.input.shape:
            raise Skip(f"scikit-learn's {function.__name__} doesn't broadcast weights")
        y, x, weight = flat(t.target, t.input, t.weight)
        return function(y, x, sample_weight=weight, **o.given(**options))

    reductions = ("mean",)
    return Entry(f"scikit-learn's {function.__name__}", call, (*PAIR, "weight"), tuple(options.values()), reductions)


def kl_div(t: SimpleNamespace, o: Options) -> ndarray:
    if o.get("logInput", True) or o.get("logTarget", False):
        raise Skip("scipy's special.rel_entr takes probabilities only")
    return special.rel_entr(t.target, t.input)


def entropy(t: SimpleNamespace, o: Options) -> ndarray:
    return reduce(special.entr(t.input).sum(-1), o.reduction)


def js_divergence(u: ndarray, v: ndarray, base: Any = None) -> float:
    """scipy's is the distance, which its documentation calls the square root of the divergence."""
    return distance.jensenshannon(u, v, None if base == "e" else base) ** 2


def wasserstein(t: SimpleNamespace, o: Options) -> ndarray:
    if o.get("p", 1) != 1 or not o.get("normalized", False):
        raise Skip("scipy's wasserstein_distance is W₁ of normalized masses")
    rows = [array if array is None else array.reshape(-1, array.shape[-1]) for array in _transport(t)]
    values = [
        stats.wasserstein_distance(*(None if array is None else array[k] for array in rows))
        for k in range(len(rows[0]))
    ]
    return reduce(numpy.array(values, dtype=float).reshape(t.input.shape[:-1]), o.reduction)


def _transport(t: SimpleNamespace) -> tuple[ndarray | None, ...]:
    return t.input, t.target, t.inputWeight, t.targetWeight


def energy_distance(t: SimpleNamespace, o: Options) -> float:
    return stats.energy_distance(*_transport(t))


def hamming(t: SimpleNamespace, o: Options) -> ndarray:
    if o.get("threshold") is not None or o.get("soft", False):
        raise Skip("scipy's hamming compares for equality")
    return by_row(distance.hamming, "hamming").call(t, o)


def jaccard(t: SimpleNamespace, o: Options) -> ndarray:
    """scipy's is of sets."""
    if not all(numpy.isin(array, (0, 1)).all() for array in (t.input, t.target)):
        raise Skip("scipy's jaccard takes boolean vectors")
    if o.get("per", "sample") != "sample":
        raise Skip("scipy's jaccard is by vector")
    if t.input.shape != t.target.shape or t.input.ndim < 2:
        return numpy.asarray(distance.jaccard(t.input.astype(bool), t.target.astype(bool)))  # for scipy to refuse
    pairs = zip(t.input.astype(bool), t.target.astype(bool), strict=True)
    values = [distance.jaccard(u.ravel(), v.ravel()) for u, v in pairs]
    return reduce(numpy.array(values, dtype=float), o.reduction)


def bce(t: SimpleNamespace, o: Options) -> float:
    """log_loss of hard targets; its mean divides by the weights."""
    if not numpy.isin(t.target, (0, 1)).all():
        raise Skip("scikit-learn's log_loss takes labels only")
    if t.weight is not None and t.weight.shape != t.input.shape:
        raise Skip("scikit-learn's log_loss doesn't broadcast weights")
    y, x, weight = flat(t.target, t.input, t.weight)
    return metrics.log_loss(y, x, normalize=o.reduction == "mean", sample_weight=weight, labels=[0, 1])


def cross_entropy(t: SimpleNamespace, o: Options) -> float:
    if o.get("fromLogits", True):
        raise Skip("scikit-learn's log_loss takes probabilities")
    p = t.input if t.input.ndim < 2 else numpy.moveaxis(t.input, o.get("classAxis", 1), -1)
    if t.target.ndim == t.input.ndim:
        raise Skip("scikit-learn's log_loss takes labels only")
    classes = numpy.arange(p.shape[-1])
    rows = p.reshape(-1, p.shape[-1])
    return metrics.log_loss(t.target.ravel(), rows, normalize=o.reduction == "mean", labels=classes)


def multiclass_hinge(t: SimpleNamespace, o: Options) -> float:
    if t.target.ndim == t.input.ndim:
        raise Skip("scikit-learn's hinge_loss takes labels only")
    x = t.input if t.input.ndim < 2 else numpy.moveaxis(t.input, o.get("classAxis", 1), -1)
    if x.shape[-1] < 3:
        raise Skip("scikit-learn's hinge_loss of two classes takes one score")
    return metrics.hinge_loss(t.target.ravel(), x.reshape(-1, x.shape[-1]), labels=numpy.arange(x.shape[-1]))


LOSSES = {
    "huber": elementwise("huber", lambda t, o: special.huber(o.get("delta", 1), t.input - t.target), "delta"),
    "pseudoHuber": elementwise(
        "pseudo_huber", lambda t, o: special.pseudo_huber(o.get("delta", 1), t.input - t.target), "delta"
    ),
    "klDiv": elementwise("rel_entr", kl_div, "logInput", "logTarget"),
    "entropy": Entry("scipy's special.entr", entropy, ("input",)),
    "jsDivergence": by_row(js_divergence, "jensenshannon", base="base"),
    "euclidean": by_row(distance.euclidean, "euclidean"),
    "manhattan": by_row(distance.cityblock, "cityblock"),
    "chebyshev": by_row(distance.chebyshev, "chebyshev"),
    "minkowski": by_row(lambda u, v, p=3: distance.minkowski(u, v, p), "minkowski", p="p"),
    "mahalanobis": by_row(distance.mahalanobis, "mahalanobis", extra=("inverseCovariance",)),
    "cosineSimilarity": by_row(distance.cosine, "cosine"),
    "hamming": Entry("scipy's hamming", hamming, PAIR, ("threshold", "soft")),
    "jaccard": Entry("scipy's jaccard", jaccard, PAIR, ("form", "per")),
    "wasserstein1d": Entry(
        "scipy's wasserstein_distance",
        wasserstein,
        (*PAIR, "inputWeight", "targetWeight"),
        ("p", "normalized"),
    ),
    "energyDistance": Entry("scipy's energy_distance", energy_distance, (*PAIR, "inputWeight", "targetWeight")),
    "l1": metric(metrics.mean_absolute_error),
    "mse": metric(metrics.mean_squared_error),
    "mape": metric(metrics.mean_absolute_percentage_error),
    "msle": metric(metrics.mean_squared_log_error),
    "quantile": metric(metrics.mean_pinball_loss, alpha="q"),
    "tweedieDeviance": metric(metrics.mean_tweedie_deviance, power="power"),
    "gammaDeviance": metric(metrics.mean_gamma_deviance),
    "hinge": metric(metrics.hinge_loss),
    "multiclassHinge": Entry("scikit-learn's hinge_loss", multiclass_hinge, PAIR, ("classAxis",), ("mean",)),
    "bce": Entry("scikit-learn's log_loss", bce, (*PAIR, "weight"), (), ("mean", "sum")),
    "crossEntropy": Entry("scikit-learn's log_loss", cross_entropy, PAIR, ("classAxis", "fromLogits"), ("mean", "sum")),
}


def main() -> None:
    numpy.seterr(all="ignore")
    runtime = f"scikit-learn {sklearn.__version__}"
    protocol.serve(protocol.Library("scipy-sklearn", scipy.__version__, LOSSES, runtime=runtime))


if __name__ == "__main__":
    main()
