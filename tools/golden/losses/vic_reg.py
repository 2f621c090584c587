"""Bardes, Ponce & LeCun, VICReg, 2022, eq. 1–6, as the authors' code and pytorch-metric-learning 2.9:
λ·mean (x − y)² + μ·½·Σ_views mean_d relu(1 − √(Var_d + eps)) + ν·Σ_views Σ_{i≠j} Cov_ij²/D, with N − 1 in Var and Cov.
"""

from mpmath import mp

from isoloss_oracle import libraries
from isoloss_oracle.cases import case, error
from isoloss_oracle.conventions import relu
from isoloss_oracle.crosscheck import Check, torch_answer, torch_inputs
from isoloss_oracle.embeddings import whole
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import NAN, mpf
from isoloss_oracle.paired import paired, paired_cases, two

NAMES = ("input1", "input2")


def centred(rows):
    return [[v - sum(column) / len(column) for v in column] for column in zip(*rows)]


def spread(rows, eps):
    deviations = [mp.sqrt(sum(v * v for v in x) / (len(rows) - 1) + eps) for x in centred(rows)]
    return sum(relu(1 - s) for s in deviations) / len(deviations)


def redundancy(rows):
    x = centred(rows)
    covariance = lambda i, j: sum(a * b for a, b in zip(x[i], x[j])) / (len(rows) - 1)  # noqa: E731
    return sum((covariance(i, j) ** 2 for i in range(len(x)) for j in range(len(x)) if i != j), mpf(0)) / len(x)


def formula(first, second, o):
    if len(first) < 2:
        return NAN
    apart = sum((a - b) ** 2 for x, y in zip(first, second) for a, b in zip(x, y)) / (len(first) * len(first[0]))
    views, eps = (first, second), mpf(o.eps)
    return (
        mpf(o.invariance) * apart
        + mpf(o.variance) * sum(spread(v, eps) for v in views) / 2
        + mpf(o.covariance) * sum(redundancy(v) for v in views)
    )


def unreduced(inputs, o):
    return whole(inputs, NAMES, lambda x, y: formula(x, y, o))


ROWS = ([[0.5, 0.25], [-0.5, 0.75], [0.25, -0.5], [0.75, 0.5]], [[0.5, 0.5], [0, 0.5], [-0.25, -0.75], [1, 0.25]])


def _cases():
    yield from paired_cases(NAMES, directions=False)
    close = paired(*ROWS, NAMES)
    yield case("close", close, "ordinary", "both deviations below 1")
    for name in ("invariance", "variance", "covariance"):
        for value in (0, 1, 700):
            yield case(f"{name}-{value}", close, "option", **{name: value})
        only = {other: 0 for other in ("invariance", "variance", "covariance") if other != name}
        yield case(f"{name}-only", close, "option", "the other two off", **only)
    for eps in (1e-6, 0.01, 1):
        yield case(f"eps-{eps:g}", close, "option", eps=eps)
    for scale in (0.001, 5, 20, 90, 700, 10000):
        yield case(f"scale-{scale:g}", two(f"s{scale}", 3, 2, scale, NAMES), "extreme")
    yield case("same", paired(ROWS[0], ROWS[0], NAMES), "ordinary", "no distance between the views")
    still = paired([[1, 0.5], [1, -0.25], [1, 0.25]], [[0.5, 1], [0.25, 1], [-0.5, 1]], NAMES)
    yield case("constant", still, "saturated", "a feature without variance: only eps keeps the root from 0")
    far = paired(*([[v + 1000 for v in row] for row in rows] for rows in ROWS), NAMES)
    yield case("offset", far, "extreme", "a mean far from 0")
    yield case("one-row", two("one", 1, names=NAMES), "ordinary", "no variance of one row: NaN", gradients=())
    yield error("BAD_OPTION", "error-eps", close, "eps must be > 0", eps=0)
    for name in ("invariance", "variance", "covariance"):
        yield error("BAD_OPTION", f"error-{name}", close, "must be >= 0", **{name: -1})


def _metric_learning(case, o, names):
    tensors = torch_inputs(case, names)
    if len(tensors["input1"]) < 2:
        return None
    loss = libraries.load("pytorch-metric-learning").losses.VICRegLoss(o.invariance, o.variance, o.covariance, o.eps)
    return torch_answer(loss(tensors["input1"], ref_emb=tensors["input2"]), tensors, names)


LOSS = Loss(
    id="vicReg",
    paper="Bardes, Ponce & LeCun, VICReg: Variance-Invariance-Covariance Regularization, 2022, eq. 1–6",
    defaults={"invariance": 25, "variance": 25, "covariance": 1, "eps": 1e-4},
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[Check("pytorch-metric-learning", "losses.VICRegLoss", _metric_learning)],
)
