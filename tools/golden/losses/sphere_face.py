"""Liu et al., SphereFace, 2017, eq. 7: softmax cross-entropy of ‖x‖·cos θ_j with ‖x‖·ψ(θ_y) for the own class.

ψ(θ) = (−1)^k·cos(mθ) − 2k on θ ∈ [kπ/m, (k+1)π/m], k ∈ [0, m − 1]. The prototypes are normalised; a `scale` takes the
place of ‖x‖. cos(mθ) is the Chebyshev polynomial T_m(cos θ), so that θ = 0 and π are points like any other.
"""

from mpmath import mp

from isoloss_oracle.cases import case, error
from isoloss_oracle.conventions import decide, norm
from isoloss_oracle.embeddings import (
    FACES,
    ZERO,
    cosine,
    cross_entropy,
    faces,
    prototype_cases,
    rows_against,
    rows_check,
    toward,
    zero_prototype,
)
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf


def psi(cos, m):
    k = decide(sum(bool(cos <= mp.cos(j * mp.pi / m)) for j in range(1, m)))
    powers = [cos ** (m - 2 * n) * (cos * cos - 1) ** n * mp.binomial(m, 2 * n) for n in range(m // 2 + 1)]
    return (-1) ** k * sum(powers) - 2 * k


def formula(x, prototypes, y, o):
    scale = norm(x) if o.scale is None else mpf(o.scale)
    values = [cosine(x, w) for w in prototypes]
    values[y] = psi(values[y], o.margin)
    return cross_entropy([scale * v for v in values], y)


def unreduced(inputs, o):
    labels = inputs["target"].data
    return rows_against(inputs, lambda x, prototypes, n: formula(x, prototypes, labels[n], o))


MILD = {"margin": 3}
AROUND = toward([[1, 0.25], [0.5, 0.75], [-0.25, 1], [-1, 0.5], [0.25, -1.5], [-2, -0.125]], [0] * 6)


def _cases():
    yield case("fixture-none", FACES, "fixture", reduction="none", near=[2.425091, 7.487104])
    yield from prototype_cases(MILD)
    yield from zero_prototype(MILD)
    for margin in range(1, 9):
        yield case(f"margin-{margin}-none", AROUND, "option", "every piece of ψ", margin=margin, reduction="none")
        yield case(
            f"margin-{margin}-scale-mean", faces(f"m{margin}"), "option", margin=margin, scale=8, reduction="mean"
        )
    for scale in (0.5, 64, 700, 10000):
        yield case(f"scale-{scale}-none", faces(f"k{scale}"), "option extreme", scale=scale, reduction="none")
        yield case(f"scale-{scale}-around-none", AROUND, "option extreme", scale=scale, reduction="none")
    yield case("scale-null-none", FACES, "option", "null is the default, ‖x‖", scale=None, reduction="none")
    edges = toward([[3, 4], [-3, -4], [-4, 3]], [0, 0, 0], ((3, 4), (0, 1)))
    for margin in (1, 2, 3, 4):
        yield case(
            f"edges-{margin}-none",
            edges,
            "option",
            "θ = 0, π and π/2: ψ is smooth there",
            margin=margin,
            reduction="none",
        )
    yield error("BAD_OPTION", "error-margin-zero", FACES, "margin must be >= 1", margin=0)
    yield error("BAD_OPTION", "error-margin-fraction", FACES, "margin is an integer", margin=1.5)
    yield error("BAD_OPTION", "error-scale-zero", FACES, "scale must be > 0 or null", scale=0)


def _metric_learning(library, o, prototypes):
    """Its scale multiplies ‖x‖."""
    if o.scale is not None:
        return None
    return library.losses.SphereFaceLoss(*prototypes.shape, margin=o.margin, scale=1)


LOSS = Loss(
    id="sphereFace",
    paper="Liu et al., SphereFace: Deep Hypersphere Embedding for Face Recognition, 2017, eq. 7",
    defaults={"margin": 4, "scale": None},
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[rows_check("SphereFaceLoss", _metric_learning, [ZERO])],
)
