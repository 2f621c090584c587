"""Kim et al., Proxy Anchor Loss, 2020, eq. 4: with s = cos of embedding and proxy,
1/|P⁺|·Σ_{p with positives} ln(1 + Σ_{x of p} exp(−α·(s − δ))) + 1/|P|·Σ_p ln(1 + Σ_{x not of p} exp(α·(s + δ))).
"""

from isoloss_oracle.cases import case, error
from isoloss_oracle.embeddings import (
    FACES,
    ZERO,
    cosines,
    faces,
    log_sum_exp,
    prototype_cases,
    rows_check,
    softplus,
    toward,
    whole,
)
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf


def formula(rows, prototypes, labels, o):
    alpha, margin, s = mpf(o.alpha), mpf(o.margin), cosines(rows, prototypes)
    pull = push = mpf(0)
    for k in range(len(prototypes)):
        pull += softplus(log_sum_exp(-alpha * (s[i][k] - margin) for i, y in enumerate(labels) if y == k))
        push += softplus(log_sum_exp(alpha * (s[i][k] + margin) for i, y in enumerate(labels) if y != k))
    return pull / max(len(set(labels)), 1) + push / len(prototypes)


def unreduced(inputs, o):
    return whole(inputs, ("input", "prototypes"), lambda x, w: formula(x, w, inputs["target"].data, o))


MILD = {"alpha": 4}


def _cases():
    yield from prototype_cases(MILD, separable=False)
    yield case("faces", FACES, "ordinary", "one class of three")
    every = toward([[1, 0.5], [0.25, 2], [-1, 0.75]], [0, 1, 2], ((1, 0.25), (0.5, 1), (-1, -0.5)))
    yield case("every-class", every, "ordinary", "all classes present")
    for alpha in (0.5, 16, 90, 700):
        yield case(f"alpha-{alpha}", faces(f"a{alpha}"), "option extreme", alpha=alpha)
    for margin in (0, 0.5, -0.25):
        yield case(f"margin-{margin}", faces(f"m{margin}", 3), "option", margin=margin)
    nowhere = toward([[1, 2]], [0], ((0, 0), (1, 1)))
    yield case("zero-prototype", nowhere, "kink", "the zero vector stays 0", **MILD)
    yield error("BAD_OPTION", "error-alpha", FACES, "alpha must be > 0", alpha=0)


def _metric_learning(library, o, prototypes):
    return library.losses.ProxyAnchorLoss(*prototypes.shape, margin=o.margin, alpha=o.alpha)


LOSS = Loss(
    id="proxyAnchor",
    paper="Kim et al., Proxy Anchor Loss for Deep Metric Learning, 2020, eq. 4",
    defaults={"margin": 0.1, "alpha": 32},
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[rows_check("ProxyAnchorLoss", _metric_learning, [ZERO], "proxies", whole_batch=True)],
)
