"""Deng et al., Sub-center ArcFace, 2020, eq. 3: ArcFace on the largest cosine among each class's S sub-centres."""

import math

from arc_face import cosine, with_margin

from isoloss_oracle.cases import Draw, case, error
from isoloss_oracle.conventions import decide, maximum
from isoloss_oracle.crosscheck import Known
from isoloss_oracle.embeddings import ZERO, cross_entropy, faces, prototype_cases, rows_against, rows_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import mpf
from isoloss_oracle.tensors import Tensor, floats, ints


def nearest(x, centres):
    """The largest cosine and its square; equal ones share the derivative."""
    found = [cosine(x, w) for w in centres]
    top = maximum([c for c, _ in found])
    owner = decide([c for c, _ in found].index(max(c for c, _ in found)))
    return top, found[owner][1] if sum(c == top for c, _ in found) == 1 else top * top


def formula(x, prototypes, y, o):
    cosines = [nearest(x, centres) for centres in prototypes]
    logits = [mpf(o.scale) * cos for cos, _ in cosines]
    logits[y] = mpf(o.scale) * with_margin(*cosines[y], mpf(o.margin), o.easyMargin)
    return cross_entropy(logits, y)


def unreduced(inputs, o):
    labels = inputs["target"].data
    return rows_against(inputs, lambda x, prototypes, n: formula(x, prototypes, labels[n], o))


def centred(key, made, count=2):
    """Further sub-centres beside the prototypes of `faces`."""
    given = made["prototypes"]
    classes, width = given.shape
    more = Draw(f"{key} centres").normal((classes, count - 1, width))
    data = []
    for k in range(classes):
        data += given.data[k * width : (k + 1) * width]
        data += more.data[k * (count - 1) * width : (k + 1) * (count - 1) * width]
    return {**made, "prototypes": Tensor("float32", (classes, count, width), tuple(data))}


def made(key, count=2, rows=2, width=2, classes=3):
    return centred(key, faces(key, rows, width, classes), count)


MILD = {"scale": 4}
GOOD = {
    "input": floats([[0.8, 0.6], [-1, 0.125]]),
    "prototypes": floats([[[1, 0.25], [0, -1]], [[0.5, 1], [-1, -0.5]]]),
    "target": ints([0, 1]),
}


def _cases():
    yield from prototype_cases(MILD, extra=centred)
    yield case("sub-centres-none", GOOD, "ordinary", scale=8, reduction="none")
    for count in (1, 2, 3, 4):
        yield case(f"centres-{count}-none", made(f"c{count}", count), "ordinary", scale=8, reduction="none")
        yield case(f"centres-{count}-mean", made(f"cm{count}", count), "reduction", reduction="mean")
    tie = {"input": floats([[1, 1]]), "prototypes": floats([[[3, 4], [4, 3]], [[0, 1], [-1, 0]]])}
    for label in (0, 1):
        inputs = {**tie, "target": ints([label])}
        yield case(f"tie-{label}-none", inputs, "tie", "two sub-centres as near: shared", scale=4, reduction="none")
    for margin in (0, 0.25, 1):
        yield case(f"margin-{margin}-none", made(f"m{margin}"), "option", margin=margin, scale=8, reduction="none")
    yield case("easy-none", made("easy", 2, 4), "option", easyMargin=True, scale=8, reduction="none")
    yield case("easy-mean", made("easym"), "option", easyMargin=True, reduction="mean")
    for scale in (0.5, 16, 256, 700, 10000):
        yield case(f"scale-{scale}-none", made(f"k{scale}"), "option extreme", scale=scale, reduction="none")
    flat = {**GOOD, "prototypes": floats([[1, 0.25], [0.5, 1]])}
    yield error("RANK_MISMATCH", "error-prototypes", flat, "prototypes are (K, S, D)")
    yield error("BAD_OPTION", "error-margin", GOOD, "margin must be in [0, π]", margin=4)
    yield error("BAD_OPTION", "error-sub-centers", GOOD, "the shape says how many", subCenters=2)


def _metric_learning(library, o, prototypes):
    if o.easyMargin:
        return None
    classes, count, width = prototypes.shape
    sizes = {"num_classes": classes, "embedding_size": width, "sub_centers": count}
    return library.losses.SubCenterArcFaceLoss(margin=math.degrees(o.margin), scale=o.scale, **sizes)


TIES = Known(
    "torch's max along an axis gives one of several equal ones all of the derivative",
    ("pytorch-metric-learning",),
    flags={"tie"},
)
ACOS = Known("arccos loses half the digits near cos = 1", ("pytorch-metric-learning",), flags={"unstable"})

LOSS = Loss(
    id="subcenterArcFace",
    paper="Deng et al., Sub-center ArcFace: Boosting Face Recognition by Large-scale Noisy Web Faces, 2020, eq. 3",
    defaults={"scale": 64, "margin": 0.5, "easyMargin": False},
    unreduced=unreduced,
    cases=list(_cases()),
    checks=[rows_check("SubCenterArcFaceLoss", _metric_learning, [ZERO, TIES, ACOS])],
)
