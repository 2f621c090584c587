"""Sohn, Multi-class N-pair Loss, 2016, eq. 7: ln(1 + Σ_{j≠i} exp(a_i·p_j − a_i·p_i))."""

from isoloss_oracle import libraries
from isoloss_oracle.cases import case, error
from isoloss_oracle.crosscheck import Check, torch_answer, torch_inputs
from isoloss_oracle.embeddings import dot, log_sum_exp, softplus, whole
from isoloss_oracle.loss import Loss
from isoloss_oracle.paired import paired, paired_cases, two

NAMES = ("anchor", "positive")


def formula(anchor, positive, i):
    own = dot(anchor[i], positive[i])
    return softplus(log_sum_exp(dot(anchor[i], p) - own for j, p in enumerate(positive) if j != i))


def unreduced(inputs, o):
    return whole(inputs, NAMES, formula, inputs["anchor"].shape[:1])


E4 = paired([[1, 0], [0, 1]], [[0.6, 0.8], [-0.6, 0.8]])


def _cases():
    yield case(
        "fixture-mean", E4, "fixture", "pytorch-metric-learning on the four of them", reduction="mean", near=0.478215
    )
    yield from paired_cases(directions=False)
    yield case("one-none", two("one", 1), "ordinary", "nothing to tell it from: 0", reduction="none")
    for scale in (1e-6, 2, 5, 9, 20, 90):
        yield case(f"length-{scale:g}-none", two(f"l{scale}", 3, 2, scale), "extreme", reduction="none")
    yield case("zero-none", paired([[0, 0], [1, 2]], [[1, 1], [2, 0.5]]), "ordinary", "a zero vector", reduction="none")
    yield error("BAD_OPTION", "error-temperature", E4, "infoNce's", temperature=1)


def _metric_learning(case, o, names):
    """Its batch holds anchors and positives with their row as label; it takes the first pair of each.

    Its default distance normalises, against the paper; it is told not to.
    """
    if o.reduction != "mean" or not case.inputs["anchor"].size:
        return None
    torch = libraries.load("torch")
    tensors = torch_inputs(case, names)
    labels = torch.arange(len(tensors["anchor"])).repeat(2)
    library = libraries.load("pytorch-metric-learning")
    loss = library.losses.NPairsLoss(distance=library.distances.DotProductSimilarity(normalize_embeddings=False))
    return torch_answer(loss(torch.cat([tensors["anchor"], tensors["positive"]]), labels), tensors, names)


def _torch(case, o, names):
    torch = libraries.load("torch")
    tensors = torch_inputs(case, names)
    logits = tensors["anchor"] @ tensors["positive"].T
    out = torch.nn.functional.cross_entropy(logits, torch.arange(len(logits)), reduction=o.reduction)
    return torch_answer(out, tensors, names)


LOSS = Loss(
    id="nPair",
    paper="Sohn, Improved Deep Metric Learning with Multi-class N-pair Loss Objective, 2016, eq. 7",
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[
        Check("pytorch-metric-learning", "losses.NPairsLoss", _metric_learning),
        Check("torch", "nn.functional.cross_entropy of products", _torch),
    ],
)
