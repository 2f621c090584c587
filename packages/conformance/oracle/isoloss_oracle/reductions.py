"""Reductions of blocks, with gradients and sensitivities, once for all losses.

The mean is A/B with A = Σ share·value and B = Σ counts, either of which may depend on an input:
    gᵢ = (Aᵢ − L·Bᵢ)/B        ∂gᵢ/∂xⱼ = (Aᵢⱼ − Bⱼ·gᵢ − Bᵢ·gⱼ)/B        with L = A/B.
The sensitivity of an output is S = Σ|xᵢ·∂out/∂xᵢ| over the finite xᵢ, and ∞ or NaN beside an output that is.
"""

from collections import defaultdict
from dataclasses import dataclass

from .differences import differentiate
from .numbers import NAN, divide, is_finite, mpf


@dataclass
class Output:
    """A tensor of exact numbers and their sensitivities."""

    shape: tuple
    data: list
    sensitivity: list


@dataclass
class Expected:
    value: Output
    gradients: dict
    ties: int = 0


class _Sum:
    """Σ factor·block with first and second derivatives by place."""

    def __init__(self):
        self.value = mpf(0)
        self.first = defaultdict(mpf)
        self.second = defaultdict(lambda: defaultdict(mpf))  # [output place][place moved]

    def add(self, places, derivatives, factor=1):
        self.value += factor * derivatives.value
        for place, slope in zip(places, derivatives.gradient):
            self.first[place] += factor * slope
        for (i, j), bend in derivatives.second.items():
            self.second[places[j]][places[i]] += factor * bend


def _moves(inputs, place):
    """|x| where a relative error of x counts: finite and not 0."""
    x = mpf(inputs[place[0]].data[place[1]])
    return abs(x) if is_finite(x) else mpf(0)


def _sensitivity(inputs, output, slopes):
    if not is_finite(output):
        return abs(output)
    return sum((_moves(inputs, p) * abs(s) for p, s in slopes.items() if _moves(inputs, p)), mpf(0))


def reduce(unreduced, reduction, inputs, gradients_of):
    """The expected value and gradients of sum(value) for the inputs named (of the numerator for `partial`)."""
    blocks = [b for b in unreduced.blocks if b is not None]
    parts = [differentiate(b.formula, _point(inputs, b), b.slopes) for b in blocks]
    ties = sum(d.ties for d in parts)
    if reduction == "none":
        value = _none(unreduced, parts, inputs)
        total = _total(blocks, parts)
    elif reduction == "sum":
        total = _total(blocks, parts)
        value = _scalar(inputs, total)
    else:
        total = _total(blocks, parts, shares=True)
        normalizer, counted = _normalizer(unreduced, blocks, inputs)
        if reduction == "partial":
            top = _scalar(inputs, total)
            value = Output(
                (2,),
                [total.value, normalizer],
                top.sensitivity + [_sensitivity(inputs, normalizer, counted)],
            )
        elif reduction in ("mean", "batchmean"):
            total = _quotient(total, normalizer, counted, _is_counted(unreduced, blocks))
            value = _scalar(inputs, total)
        else:
            raise ValueError(reduction)
    return Expected(value, {name: _gradient(inputs, name, total) for name in gradients_of}, ties)


def _point(inputs, block):
    return [mpf(inputs[name].data[i]) for name, i in block.places]


def _none(unreduced, parts, inputs):
    data, sensitivity, remaining = [], [], iter(parts)
    for block in unreduced.blocks:
        if block is None:
            data.append(mpf(0))
            sensitivity.append(mpf(0))
            continue
        part = next(remaining)
        data.append(part.value)
        sensitivity.append(_sensitivity(inputs, part.value, dict(zip(block.places, part.gradient))))
    return Output(unreduced.shape, data, sensitivity)


def _total(blocks, parts, shares=False):
    total = _Sum()
    for block, part in zip(blocks, parts):
        total.add(block.places, part, block.share if shares else 1)
    return total


def _scalar(inputs, total):
    return Output((), [total.value], [_sensitivity(inputs, total.value, total.first)])


def _normalizer(unreduced, blocks, inputs):
    """B and its (constant) slopes by place."""
    counts = [b.counts for b in blocks] if unreduced.divisor is None else [unreduced.divisor]
    value, slopes = mpf(0), defaultdict(mpf)
    for count in counts:
        if isinstance(count, tuple):
            value += mpf(inputs[count[0]].data[count[1]])
            slopes[count] += 1
        else:
            value += count
    return value, slopes


def _is_counted(unreduced, blocks):
    return bool(blocks) or isinstance(unreduced.divisor, tuple)


def _quotient(total, normalizer, counted, anything):
    """total/normalizer; the mean of nothing is NaN with zero gradient."""
    mean = _Sum()
    if not anything:
        mean.value = NAN
        return mean
    mean.value = divide(total.value, normalizer)
    for place in total.first.keys() | counted.keys():
        own = total.first[place]
        own = own - mean.value * counted[place] if counted.get(place) else own
        mean.first[place] = divide(own, normalizer)
    if normalizer == 0:
        return mean
    for i in mean.first:
        for j in mean.first:
            bend = total.second[i][j]
            bend -= counted[j] * mean.first[i] if counted.get(j) else 0
            bend -= counted[i] * mean.first[j] if counted.get(i) else 0
            mean.second[i][j] = bend / normalizer
    return mean


def _gradient(inputs, name, total):
    tensor = inputs[name]
    data = [total.first.get((name, i), mpf(0)) for i in range(tensor.size)]
    sensitivity = [_sensitivity(inputs, g, total.second.get((name, i), {})) for i, g in enumerate(data)]
    return Output(tensor.shape, data, sensitivity)
