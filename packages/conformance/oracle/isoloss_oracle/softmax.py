"""What the losses of a softmax share: log-softmax, and torch's and optax's calls."""

from .conventions import decide
from .crosscheck import Known
from .numbers import INF, NAN, exp, log


def log_sum_exp(x):
    """ln Σ eˣ, written with the largest taken out only so that the numbers stay small; −∞ for none but −∞."""
    top = decide(max(x))
    if decide(bool(top == -INF)):
        return -INF
    return top + log(sum(exp(v - top) for v in x))


def log_softmax(x):
    if decide(any(v != v for v in x) or INF in x):
        return [NAN] * len(x)
    total = log_sum_exp(x)
    return [v - total for v in x]


def class_axis_second(tensor, axis):
    """torch's layout: the class axis moved to 1 (rank 1: to 0)."""
    return tensor if tensor.dim() == 1 else tensor.movedim(axis, 1)


def cross_entropy_torch(F, t, o):
    """torch with masks as a selection of rows; None for what it doesn't offer."""
    if o.reduction == "partial":
        return None
    x, y = class_axis_second(t.input, o.classAxis), t.target
    by_index = not y.is_floating_point()
    y = y if by_index else class_axis_second(y, o.classAxis)
    call = F.cross_entropy if o.fromLogits else _from_probabilities
    rest = {"weight": getattr(t, "weight", None), "label_smoothing": o.labelSmoothing}
    if by_index:
        rest["ignore_index"] = -(2**40) if o.ignoreIndex is None else o.ignoreIndex
    if not hasattr(t, "mask"):
        return call(x, y, reduction=o.reduction, **rest)
    shape = x.shape[:1] + x.shape[2:]
    keep = t.mask.expand(shape)
    rows = x.movedim(1, -1)[keep]
    labels = y[keep] if by_index else y.movedim(1, -1)[keep]
    out = call(rows, labels, reduction=o.reduction, **rest)
    if o.reduction != "none":
        return out
    return out.new_zeros(shape).masked_scatter(keep, out)


def _from_probabilities(x, y, reduction, weight=None, label_smoothing=0.0, ignore_index=None):
    """cross_entropy's definition on ln p instead of log_softmax(x), from torch's nll_loss or plain sums."""
    from . import libraries

    F = libraries.load("torch").nn.functional
    logs = x.log()
    if ignore_index is not None and not label_smoothing:
        return F.nll_loss(logs, y, weight=weight, ignore_index=ignore_index, reduction=reduction)
    return None


def weights_of_indices(case):
    """torch can't differentiate class weights beside index targets."""
    return ("weight",) if case.inputs["target"].dtype == "int32" else ()


def plain_optax(case, dtype):
    options = {k for k in case.options if k not in ("reduction", "classAxis")}
    last = case.options.get("classAxis", 1) in (-1, len(case.inputs["input"].shape) - 1)
    rank1 = len(case.inputs["input"].shape) == 1
    plain = not options and not {"weight", "mask"} & case.inputs.keys() and case.options.get("reduction") == "none"
    return plain and (last or rank1) and case.inputs["target"].dtype == dtype and "ignore" not in case.flags


def _has_zero_target_at_infinity(case):
    return "infinity" in case.flags and case.inputs["target"].is_float


TORCH_KNOWN = (
    Known(
        "0·(−ln 0) gives NaN; a class of target probability 0 contributes 0", ("torch",), _has_zero_target_at_infinity
    ),
    Known(
        "torch's log_softmax backward leaks NaN into the gradient of an ignored row",
        ("torch",),
        lambda case: "ignore" in case.flags and "nan" in case.flags,
    ),
    Known(
        "torch's gradient at a target logit of −∞ is NaN where the limit is softmax − one-hot",
        ("torch",),
        lambda case: "infinity" in case.flags,
    ),
)
ARRAY_KNOWN = (
    Known(
        "0·(−ln 0) gives NaN; a class of target probability 0 contributes 0", ("optax",), _has_zero_target_at_infinity
    ),
    Known("NaN where the limit exists at an infinite logit", ("optax",), lambda case: "infinity" in case.flags),
)
