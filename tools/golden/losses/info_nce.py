"""Van den Oord et al., CPC, 2018, eq. 4: −ln(exp(s_ii/T)/Σ_j exp(s_ij/T)) with s_ij = cos(anchor_i, positive_j)."""

from isoloss_oracle.cases import case, error
from isoloss_oracle.crosscheck import torch_check
from isoloss_oracle.embeddings import ZERO, cosine, cross_entropy, reduced, whole
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.paired import direction_cases, paired, paired_cases, two

NAMES = ("anchor", "positive")


def formula(anchor, positive, i, o):
    return cross_entropy([cosine(anchor[i], p) / mpf(o.temperature) for p in positive], i)


def unreduced(inputs, o):
    return whole(inputs, NAMES, lambda a, p, i: formula(a, p, i, o), inputs["anchor"].shape[:1])


MILD = {"temperature": 0.5}
SAME = paired([[3, 4], [-4, 3]], [[3, 4], [-4, 3]])


def _cases():
    yield from paired_cases(mild=MILD)
    yield from direction_cases(mild=MILD)
    yield case("one-none", two("one", 1), "ordinary", "nothing to tell it from: 0", reduction="none")
    yield case("same-none", SAME, "fixture", "ln(1 + 1/e)", temperature=1, reduction="none", near=[0.3132617] * 2)
    for temperature in (0.001, 0.01, 0.1, 1, 20):
        inputs = two(f"t{temperature}")
        yield case(
            f"temperature-{temperature}-none", inputs, "option extreme", temperature=temperature, reduction="none"
        )
    yield error("BAD_OPTION", "error-temperature", SAME, "temperature must be > 0", temperature=0)


def _torch(F, t, o):
    logits = F.normalize(t.anchor) @ F.normalize(t.positive).T / o.temperature
    own = t.anchor.new_ones(len(logits)).cumsum(0).long() - 1
    return reduced(F.cross_entropy(logits, own, reduction="none"), o.reduction)


LOSS = Loss(
    id="infoNce",
    paper="van den Oord et al., Representation Learning with Contrastive Predictive Coding, 2018, eq. 4",
    defaults={"temperature": 0.07},
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[torch_check("nn.functional.cross_entropy of cosines", _torch, [ZERO])],
)
