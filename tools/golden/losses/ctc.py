"""Graves et al., Connectionist Temporal Classification, 2006, eq. 5–8: −ln Σ over alignments of Π_t p_t.

The forward recursion over the labelling l′ with blanks around every label:
    α₁(1) = p₁(blank), α₁(2) = p₁(l₁),
    α_t(s) = p_t(l′_s)·(α_{t−1}(s) + α_{t−1}(s−1) + [l′_s ≠ blank, l′_{s−2}] α_{t−1}(s−2)).
In multi-precision arithmetic it needs no logarithms on the way. The gradient is the true derivative −posterior with
respect to `logProbs`; torch returns exp(logProbs) − posterior, the same once a log-softmax is differentiated.
"""

from case_lists.ctc import CASES

from isoloss_oracle import libraries
from isoloss_oracle.blocks import Block, Unreduced
from isoloss_oracle.conventions import decide
from isoloss_oracle.crosscheck import Check, Known, jax_check, torch_answer, torch_inputs
from isoloss_oracle.loss import Loss
from isoloss_oracle.numbers import INF, exp, log, mpf
from isoloss_oracle.softmax import log_softmax


def likelihood(p, labels, blank):
    """Σ of the alignments' probabilities; p[t][class]."""
    path = [blank]
    for label in labels:
        path += [label, blank]
    if not p:
        return mpf(not labels)
    alpha = [p[0][c] if s < 2 else mpf(0) for s, c in enumerate(path)]
    for now in p[1:]:
        before, alpha = alpha, []
        for s, c in enumerate(path):
            ways = before[s] + (before[s - 1] if s >= 1 else 0)
            if s >= 2 and c != blank and c != path[s - 2]:
                ways += before[s - 2]
            alpha.append(now[c] * ways)
    return sum(alpha[-2:])


def shortest_alignment(labels):
    """Time steps that a labelling needs: a blank between equal neighbours."""
    return len(labels) + sum(a == b for a, b in zip(labels, labels[1:]))


def formula(rows, labels, o):
    if o.logits:
        rows = [log_softmax(row) for row in rows]
    total = likelihood([[None if v is None else exp(v) for v in row] for row in rows], labels, o.blank)
    return mpf(0) if decide(bool(total == 0)) and o.zeroInfinity else -log(total)


def unreduced(inputs, o):
    shape = inputs["logProbs"].shape
    batched = len(shape) == 3
    N, C = shape[1] if batched else 1, shape[-1]
    width = inputs["targets"].shape[-1]
    blocks = []
    for n in range(N):
        T, L = inputs["inputLengths"].data[n], inputs["targetLengths"].data[n]
        labels = inputs["targets"].data[n * width : n * width + L]
        blocks.append(_block(T, labels, C, [(t * N + n) * C for t in range(T)], o))
    return Unreduced((N,) if batched else (), blocks)


def _block(T, labels, C, starts, o):
    share = 1 / mpf(max(len(labels), 1))
    if shortest_alignment(labels) > T:
        return Block(lambda numbers: mpf(0) if o.zeroInfinity else INF, [], share=share)
    read = range(C) if o.logits else sorted({o.blank, *labels})

    def one(numbers):
        rows, left = [], iter(numbers)
        for _ in range(T):
            row = [None] * C
            for c in read:
                row[c] = next(left)
            rows.append(row)
        return formula(rows, labels, o)

    return Block(one, [("logProbs", start + c) for start in starts for c in read], share=share)


def _torch(case, o, names):
    """torch's value, and its gradient less the exp(logProbs) that it adds (see above)."""
    if o.reduction == "partial":
        return None
    torch = libraries.load("torch")
    tensors = torch_inputs(case, names)
    x = tensors["logProbs"]
    logs = x.log_softmax(-1) if o.logits else x
    rest = {"blank": o.blank, "reduction": o.reduction, "zero_infinity": o.zeroInfinity}
    lengths = tensors["inputLengths"], tensors["targetLengths"]
    targets = tensors["targets"]
    if targets.dim() == 1:  # concatenated targets in torch: no padding
        targets = targets[: lengths[1]]
    out = torch.nn.functional.ctc_loss(logs, targets, *lengths, **rest)
    answer = torch_answer(out, tensors, names)
    if not o.logits and "logProbs" in answer.gradients:
        answer.gradients["logProbs"] = _less_probabilities(case, o, answer.gradients["logProbs"])
    return answer


def _less_probabilities(case, o, gradient):
    """gradient − cotangent·exp(logProbs) where torch adds it: within the length of every feasible item."""
    torch = libraries.load("torch")
    x = torch_inputs(case, [])["logProbs"]
    lengths = torch.tensor(case.inputs["targetLengths"].data, dtype=torch.float64)
    N = lengths.numel()
    scale = 1 / lengths.clamp(min=1) / N if o.reduction == "mean" else torch.ones(N, dtype=torch.float64)
    inside = torch.arange(x.shape[0])[:, None] < torch.tensor(case.inputs["inputLengths"].data)[None]
    added = x.reshape(x.shape[0], N, -1).exp() * (inside * scale)[..., None]
    got = torch.tensor(gradient, dtype=torch.float64).reshape(added.shape)
    zeroed = (got == 0).all(0).all(-1)  # zero_infinity
    return [float(v) for v in (got - torch.where(inside[..., None] & ~zeroed[None, :, None], added, 0)).reshape(-1)]


def _optax(optax, jnp, t, o):
    logits = jnp.swapaxes(t["logProbs"], 0, 1)
    outside = lambda lengths, size: (jnp.arange(size)[None] >= lengths[:, None]).astype(jnp.float64)
    labels = t["targets"]
    paddings = outside(t["inputLengths"], logits.shape[1]), outside(t["targetLengths"], labels.shape[1])
    return optax.ctc_loss(logits, paddings[0], labels, paddings[1], blank_id=o.blank)


def _optax_has_it(case):
    told = {"infeasible", "padding", "infinity", "nan", "empty"} & set(case.flags)
    batched = len(case.inputs["logProbs"].shape) == 3 and case.inputs["targets"].shape[-1] > 0
    return case.options.get("logits") and case.options.get("reduction") == "none" and batched and not told


TORCH = (
    Known("torch's gradient of an infeasible item is NaN; ours is 0", ("torch",), flags={"infeasible"}),
    Known("torch refuses an empty batch", ("torch",), flags={"empty"}),
    Known(
        "torch's log_softmax backward gives NaN in padded rows that hold NaN or ∞; ours never reads padding",
        ("torch",),
        lambda case: "padding" in case.flags and case.options.get("logits", False),
    ),
    Known("torch's gradient is NaN where −∞ meets −∞", ("torch",), flags={"infinity"}),
)
OPTAX = (Known("optax works with a log-epsilon of −1e5", ("optax",), flags={"extreme"}),)

LOSS = Loss(
    id="ctc",
    paper="Graves et al., Connectionist Temporal Classification, 2006, eq. 5–8",
    defaults={"blank": 0, "zeroInfinity": False, "logits": False},
    unreduced=unreduced,
    cases=CASES,
    checks=[
        Check("torch", "nn.functional.ctc_loss", _torch, TORCH),
        jax_check("optax", "ctc_loss", _optax, _optax_has_it, OPTAX),
    ],
)
