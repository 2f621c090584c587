"""Zbontar et al., Barlow Twins, 2021, eq. 1–2: Σ_i (1 − C_ii)² + λ·Σ_{i≠j} C_ij² of the cross-correlation of two views.

Features are standardised over the batch as the authors' BatchNorm: (x − mean)/√(biased variance + 1e-5); C is divided
by the batch's size.
"""

from mpmath import mp

from isoloss_oracle.cases import case, error
from isoloss_oracle.crosscheck import torch_check
from isoloss_oracle.embeddings import whole
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import NAN, mpf
from isoloss_oracle.paired import paired, paired_cases, two

NAMES = ("input1", "input2")
EPS = mpf(1e-5)


def columns(rows):
    """The standardised features, a list a feature."""
    made = []
    for column in zip(*rows):
        mean = sum(column) / len(column)
        variance = sum((v - mean) ** 2 for v in column) / len(column)
        made.append([(v - mean) / mp.sqrt(variance + EPS) for v in column])
    return made


def formula(first, second, o):
    if not first:
        return NAN
    a, b = columns(first), columns(second)
    total = mpf(0)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            c = sum(u * v for u, v in zip(x, y)) / len(first)
            total += (1 - c) ** 2 if i == j else mpf(getattr(o, "lambda")) * c**2
    return total


def unreduced(inputs, o):
    return whole(inputs, NAMES, lambda x, y: formula(x, y, o))


def _cases():
    yield from paired_cases(NAMES, directions=False)
    for value in (0, 0.005, 1, 700):
        yield case(f"lambda-{value}", two(f"l{value}", 4, names=NAMES), "option", **{"lambda": value})
    for scale in (0.001, 5, 20, 90, 700, 10000):
        yield case(f"scale-{scale:g}", two(f"s{scale}", 4, 2, scale, NAMES), "extreme")
    far = {n: [[v + 1000 for v in row] for row in rows] for n, rows in zip(NAMES, ROWS)}
    yield case("offset", paired(*far.values(), NAMES), "extreme", "a mean far from 0")
    yield case("same", paired(ROWS[0], ROWS[0], NAMES), "ordinary", "C_ii = 1, nearly")
    yield case(
        "opposite", paired(ROWS[0], [[-v for v in row] for row in ROWS[0]], NAMES), "ordinary", "C_ii = −1, nearly"
    )
    yield case(
        "constant", paired([[1, 2], [1, 3], [1, 5]], ROWS[1][:3], NAMES), "ordinary", "a feature without variance"
    )
    yield case("one-row", two("one", 1, names=NAMES), "ordinary", "no variance at all: D", near=2)
    yield error("BAD_OPTION", "error-lambda", two("good", names=NAMES), "lambda must be >= 0", **{"lambda": -1})


ROWS = ([[1, 2], [-0.5, 3], [0.25, -1], [2, 0.5]], [[1.5, 2], [0, 2.5], [-0.25, -2], [1, 1]])


def _torch(F, t, o):
    if len(t.input1) < 2:
        return None
    a, b = (F.batch_norm(x, None, None, training=True, eps=1e-5) for x in (t.input1, t.input2))
    c = a.T @ b / len(a)
    diagonal = c.diagonal()
    return (1 - diagonal).square().sum() + getattr(o, "lambda") * (c.square().sum() - diagonal.square().sum())


LOSS = Loss(
    id="barlowTwins",
    paper="Zbontar et al., Barlow Twins: Self-Supervised Learning via Redundancy Reduction, 2021, eq. 1–2",
    defaults={"lambda": 0.0051},
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[torch_check("nn.functional.batch_norm and products", _torch)],
)
