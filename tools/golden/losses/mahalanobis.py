"""Mahalanobis distance over the last axis, √(dᵀ·V⁻¹·d) with d = x − y and the inverse covariance given."""

from mpmath import mp

from isoloss_oracle.batteries import NAN
from isoloss_oracle.cases import case, error
from isoloss_oracle.conventions import decide
from isoloss_oracle.distances import GOOD, row_cases, row_pairs, rows, scipy_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.tensors import floats


def formula(x, y, inverse):
    d = [a - b for a, b in zip(x, y)]
    n = len(d)
    squared = sum(d[i] * inverse[i * n + j] * d[j] for i in range(n) for j in range(n))
    if decide(bool(squared == 0), tie=squared == 0):
        return mpf(0)
    return mp.sqrt(squared) if squared > 0 else NAN


def inverse(shape):
    """Symmetric, with a dominant diagonal."""
    d = shape[-1] if shape else 1
    entry = lambda i, j: 1.5 + 0.25 * i if i == j else 0.3 / (1 + i + j)  # noqa: E731
    return {"inverseCovariance": floats([[entry(i, j) for j in range(d)] for i in range(d)], (d, d))}


def three(x, y, matrix):
    return {**rows(x, y), "inverseCovariance": floats(matrix)}


def _cases():
    yield from row_cases(inverse, infinite=False)
    yield case(
        "scipy-none",
        three([1, 0], [0, 1], [[0.53333333, -0.13333333], [-0.13333333, 0.53333333]]),
        "fixture",
        "covariance [[2, .5], [.5, 2]]",
        reduction="none",
        near=1.1547005,
    )
    other = three([1, 0], [0, 1], [[0.57142857, -0.28571429], [-0.28571429, 1.1428571]])
    yield case("golden-none", other, "fixture", "covariance [[2, .5], [.5, 1]]", reduction="none", near=1.511858)
    unit = three([[3, 0], [1, 1]], [[0, 4], [1, 3]], [[1, 0], [0, 1]])
    yield case("identity-none", unit, "ordinary", "the Euclidean distance", reduction="none", near=[5, 2])
    skew = three([[1, 2], [0, -1]], [[0.5, 4], [2, 3]], [[2, 1.5], [-0.25, 1]])
    yield case("unsymmetric-none", skew, "ordinary", "every entry counts by itself", reduction="none")
    yield case("unsymmetric-mean", skew, "ordinary", "every entry counts by itself", reduction="mean")
    negative = three([[1, 0], [0, 1]], [[0, 0], [0, 0]], [[-1, 0], [0, 1]])
    yield case("not-positive-none", negative, "nan", "√ of < 0", reduction="none", gradients=())
    null = three([[1, 1], [1, 2]], [[0, 0], [0, 0]], [[1, -1], [-1, 1]])
    yield case("null-direction-none", null, "kink", "distance 0 along a null direction", reduction="none")
    tiny = three([[3e-25, 1e-25], [2, 0]], [[1e-26, 4e-25], [1e-3, 3]], [[2, 0.5], [0.5, 1]])
    yield case("tiny-none", tiny, "extreme", "the squares underflow in float32", reduction="none")
    huge = three([[3e25, 1e25], [2, 0]], [[1e26, 4e25], [1e-3, 3]], [[2, 0.5], [0.5, 1]])
    yield case("huge-none", huge, "extreme", "the squares overflow in float32", reduction="none")
    good = {**GOOD, **inverse((3,))}
    yield error("SHAPE_MISMATCH", "error-matrix", {**good, **inverse((4,))}, "D is 3")
    yield error("SHAPE_MISMATCH", "error-oblong", {**good, "inverseCovariance": floats([[1, 0, 0], [0, 1, 0]])})
    yield error("RANK_MISMATCH", "error-matrix-rank", {**good, "inverseCovariance": floats([1, 1, 1])})
    yield error("MISSING_INPUT", "error-no-matrix", GOOD)


LOSS = Loss(
    id="mahalanobis",
    paper="Mahalanobis 1936, On the Generalised Distance in Statistics; scipy.spatial.distance.mahalanobis",
    unreduced=lambda inputs, o: row_pairs(inputs, formula, ["inverseCovariance"]),
    cases=list(_cases()),
    checks=[scipy_check("mahalanobis", lambda f, u, v, t, o: f(u, v, t["inverseCovariance"]))],
)
