"""Zeng et al., NPCFace, 2020, eq. 6–8, as FaceX-Zoo's head, with the input normalised too.

A negative is hard where cos θ_j > cos(θ_y + m): its logit is t·cos θ_j + a. The own logit is cos(θ_y + m_i) where
cos θ_y > 0, else cos θ_y, with m_i = m0 + m1·(mean of the hard cosines, 0 of none). Which are hard, and m_i, are
constant in the gradient. Times s, then softmax cross-entropy. sin θ = √max(1 − cos², 0) with derivative 0 at cos² >= 1.
"""

from mpmath import mp

from isoloss_oracle.cases import case, error
from isoloss_oracle.conventions import constant, decide, less
from isoloss_oracle.crosscheck import Known, torch_check
from isoloss_oracle.embeddings import (
    FACES,
    cosine,
    cross_entropy,
    faces,
    prototype_cases,
    reduced,
    rows_against,
    toward,
    zero_prototype,
)
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf


def formula(x, prototypes, y, o):
    cos = [cosine(x, w) for w in prototypes]
    own = cos[y]
    sin = mpf(0) if decide(bool(own * own >= 1), tie=own * own >= 1) else mp.sqrt(1 - own * own)
    edge = own * mp.cos(mpf(o.margin)) - sin * mp.sin(mpf(o.margin))
    hard = [j for j, c in enumerate(cos) if j != y and less(edge, c)]
    mean = constant(sum(cos[j] for j in hard) / max(len(hard), 1))
    m = mpf(o.margin0) + mpf(o.margin1) * mean
    logits = [mpf(o.t) * c + mpf(o.a) if j in hard else c for j, c in enumerate(cos)]
    logits[y] = own * mp.cos(m) - sin * mp.sin(m) if less(0, own) else own
    return cross_entropy([mpf(o.scale) * z for z in logits], y)


def unreduced(inputs, o):
    labels = inputs["target"].data
    return rows_against(inputs, lambda x, prototypes, n: formula(x, prototypes, labels[n], o))


MILD = {"scale": 4}
MEASURED = toward([[0.8, 0.6], [-0.6, 0.8]], [0, 2], ((1, 0), (0, 1), (0.6, 0.8)))
HARD = toward([[2, 1], [0.5, 2], [1, -0.25]], [0, 1, 1], ((1.5, 0.25), (0.5, 1), (1, 1.25)))


def _cases():
    yield case("fixture-none", MEASURED, "fixture", reduction="none", near=[57.163361, 86.573273])
    yield case("fixture-mean", MEASURED, "fixture", reduction="mean", near=71.868317)
    yield from prototype_cases(MILD)
    yield from zero_prototype(MILD)
    yield case("faces-none", FACES, "ordinary", reduction="none")
    yield case("hard-none", HARD, "ordinary", "hard negatives", scale=4, reduction="none")
    yield case("hard-mean", HARD, "reduction", "hard negatives", reduction="mean")
    options = {"margin": (0, 1, 3), "margin0": (0, 0.1, 1), "margin1": (0, 0.5, -0.5), "t": (1, 2), "a": (0, 1)}
    for name, values in options.items():
        for value in values:
            given = {name: value}
            yield case(f"{name}-{value}-none", HARD, "option", scale=8, reduction="none", **given)
    for scale in (0.5, 30, 256, 700, 10000):
        yield case(f"scale-{scale}-none", faces(f"k{scale}"), "option extreme", scale=scale, reduction="none")
    yield error("BAD_OPTION", "error-scale-zero", FACES, "scale must be > 0", scale=0)
    yield error("BAD_OPTION", "error-t-zero", FACES, "t must be > 0", t=0)
    yield error("BAD_OPTION", "error-margin-negative", FACES, "margin must be in [0, π]", margin=-0.5)


def _torch(F, t, o):
    """The paper's formula in torch, its stopped parts detached."""
    s = F.normalize(t.input) @ F.normalize(t.prototypes).T
    own = F.one_hot(t.target, len(t.prototypes)).bool()
    c = s[own]
    theta = c.detach().clamp(-1, 1).acos()
    hard = (s.detach() > (theta + o.margin).cos()[:, None]) & ~own
    m = o.margin0 + o.margin1 * (s.detach() * hard).sum(1) / hard.sum(1).clamp(min=1)
    positive = (c.acos() + m).cos().where(c > 0, c)
    logits = o.scale * positive[:, None].where(own, (o.t * s + o.a).where(hard, s))
    return (
        None if o.reduction == "partial" else reduced(F.cross_entropy(logits, t.target, reduction="none"), o.reduction)
    )


ZERO = Known("divides the zero vector by 1e-12; the convention is norm′(0) = 0", ("torch",), flags={"kink"})

LOSS = Loss(
    id="npcFace",
    paper="Zeng et al., NPCFace: Negative-Positive Collaborative Training for Large-scale Face Recognition, 2020",
    defaults={"scale": 64, "margin": 0.5, "margin0": 0.4, "margin1": 0.2, "t": 1.1, "a": 0.2},
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[torch_check("acos, nn.functional.cross_entropy", _torch, [ZERO])],
)
