"""Cross-checks of the oracle against the libraries that have the loss, in float64.

A check runs a library on a case and answers with its value and gradients, or None where the library has no such
thing (a mask in torch). Agreement is recorded; a disagreement must have a known cause, else generation fails.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace

from . import libraries
from .cases import parse_options
from .numbers import json_number

TOLERANCE = 1e-9
LOOSE = {"keras": 1e-6}
"""keras 3.15's mean on the jax backend accumulates in float32, also for float64."""


@dataclass(frozen=True)
class Known:
    """Why a library differs, and for which cases; a case that agrees all the same is recorded as agreeing."""

    cause: str
    with_: tuple = ()
    when: Callable = lambda case: True
    flags: frozenset = frozenset()
    keys: tuple = ()
    garbage: bool = False  # the library's number isn't reproducible: not recorded

    def explains(self, library, case):
        return (
            library in self.with_
            and self.when(case)
            and (not self.flags or bool(set(self.flags) & set(case.flags)))
            and (not self.keys or case.key in self.keys)
        )


@dataclass(frozen=True)
class Check:
    library: str
    function: str
    run: Callable  # (case, options, names of gradients) -> Answer or None
    known: tuple = ()
    applies: Callable = lambda case: True

    def source(self):
        return {"name": self.library, "version": libraries.version(self.library), "function": self.function}


@dataclass
class Answer:
    value: list | None
    gradients: dict = field(default_factory=dict)


class Unexplained(Exception):
    """A library disagrees and nobody has said why."""


def absent(loss):
    """The libraries that its checks need and that are not there."""
    return sorted({check.library for check in loss.checks if not libraries.is_there(check.library)})


def crosscheck(loss, case, expected):
    """The `crosscheck` list of a case. `expected` is None for an error case, which isn't cross-checked."""
    results = []
    for check in loss.checks if expected else []:
        if not check.applies(case):
            continue
        options = parse_options(loss.defaults, case.options)
        try:
            answer = check.run(case, options, list(expected.gradients))
        except (RuntimeError, ValueError, TypeError, IndexError, NotImplementedError, AssertionError) as refusal:
            results.append(_refused(check, case, loss, refusal))
            continue
        if answer is not None:
            results.append(_compare(loss, check, case, expected, answer))
    return results


def _cause(check, case):
    return next((k for k in check.known if k.explains(check.library, case)), None)


def _refused(check, case, loss, refusal):
    known = _cause(check, case)
    if not known:
        message = " ".join(str(refusal).split())[:300]
        raise Unexplained(f"{check.library} refuses: {type(refusal).__name__}: {message}")
    return {"with": check.library, "agrees": False, "cause": known.cause, "error": type(refusal).__name__}


def _compare(loss, check, case, expected, answer):
    wrong = {}
    if answer.value is not None and not _agrees(answer.value, expected.value, check):
        wrong["value"] = answer.value
    gradients = {
        name: data for name, data in answer.gradients.items() if not _agrees(data, expected.gradients[name], check)
    }
    if gradients:
        wrong["gradients"] = gradients
    if not wrong:
        return {"with": check.library, "agrees": True}
    known = _cause(check, case)
    if not known:
        right = {"value": [float(x) for x in expected.value.data]}
        right["gradients"] = {n: [float(x) for x in expected.gradients[n].data] for n in gradients}
        raise Unexplained(f"{check.library} gives {wrong}, the oracle {right}")
    return {"with": check.library, "agrees": False, "cause": known.cause} | ({} if known.garbage else wrong)


def _agrees(got, output, check):
    """Within 1e-9 of the number or of what a rounding of the inputs would change; NaN equals NaN."""
    if len(got) != len(output.data):
        return False
    tolerance = LOOSE.get(check.library, TOLERANCE)
    return all(_close(g, float(x), float(s), tolerance) for g, x, s in zip(got, output.data, output.sensitivity))


def _close(got, exact, sensitivity, tolerance):
    if math.isnan(exact) or math.isnan(got):
        return math.isnan(exact) and math.isnan(got)
    if math.isinf(exact) or math.isinf(got):
        return got == exact
    scale = abs(exact) + (sensitivity if math.isfinite(sensitivity) else 0)
    return abs(got - exact) <= tolerance * scale + 1e-12


def torch_inputs(case, names):
    """The case's inputs as float64 and int64 torch tensors; those in `names` require a gradient."""
    torch = libraries.load("torch")
    dtypes = {"float32": torch.float64, "int32": torch.int64, "bool": torch.bool}
    made = {}
    for name, t in case.inputs.items():
        made[name] = torch.tensor(t.data, dtype=dtypes[t.dtype]).reshape(t.shape)
        made[name].requires_grad_(name in names)
    return made


def torch_answer(out, tensors, names):
    """Value and gradients of sum(out); an input that torch can't differentiate isn't compared."""
    value = [float(x) for x in out.detach().reshape(-1)]
    if out.requires_grad:
        out.sum().backward()
    gradients = {}
    for name in names:
        leaf = tensors[name]
        if leaf.requires_grad:
            zero = leaf.grad is None
            gradients[name] = [0.0] * leaf.numel() if zero else [float(x) for x in leaf.grad.reshape(-1)]
    return Answer(value, gradients)


def torch_check(function, call, known=(), applies=lambda case: True, constant=lambda case: (), library="torch"):
    """`call(F, inputs, options)` on torch tensors; `constant(case)` names the inputs without a gradient in torch."""

    def run(case, o, names):
        torch = libraries.load("torch")
        names = [n for n in names if n not in constant(case)]
        tensors = torch_inputs(case, names)
        out = call(torch.nn.functional, SimpleNamespace(**tensors), o)
        return None if out is None else torch_answer(out, tensors, names)

    return Check(library, function, run, tuple(known), applies)


def elementwise_torch(function, call, known=(), names=("input", "target"), constant=(), library="torch"):
    """For elementwise losses: a mask becomes a selection of elements and weights are broadcast, which torch wants.

    `call(F, *inputs by name, options, reduction=, weight=)`; an absent optional input is passed as None. Inputs in
    `constant` have no gradient in the library.
    """

    def run(case, o, wanted):
        if o.reduction == "partial":
            return None
        torch = libraries.load("torch")
        wanted = [n for n in wanted if n not in constant]
        tensors = torch_inputs(case, wanted)
        shape = tensors[names[0]].shape
        keep = torch.ones(shape, dtype=torch.bool)
        if "mask" in tensors:
            keep = tensors["mask"].expand(shape)
        cut = lambda t: t if "mask" not in tensors else t.expand(shape)[keep]  # noqa: E731
        arguments = [cut(tensors[n]) if n in tensors else None for n in names]
        rest = {"reduction": o.reduction}
        if "weight" in tensors:
            rest["weight"] = cut(tensors["weight"].expand(shape))
        out = call(torch.nn.functional, *arguments, o, **rest)
        if out is None:
            return None
        if o.reduction == "none":
            out = torch.zeros(shape, dtype=torch.float64).masked_scatter(keep, out)
        return torch_answer(out, tensors, wanted)

    return Check(library, function, run, tuple(known))


def jax_check(library, function, call, applies, known=()):
    """`call(module, jax.numpy, inputs, options)` in jax with float64; gradients by jax.vjp."""

    def run(case, o, names):
        module, jax = libraries.load(library), libraries.load("jax")
        jnp = jax.numpy
        dtypes = {"float32": jnp.float64, "int32": jnp.int32, "bool": jnp.bool_}
        tensors = {n: jnp.asarray(t.data, dtype=dtypes[t.dtype]).reshape(t.shape) for n, t in case.inputs.items()}
        if not names:
            return Answer([float(x) for x in call(module, jnp, tensors, o).reshape(-1)])
        moving = {n: tensors[n] for n in names}
        value, pull = jax.vjp(lambda moved: call(module, jnp, {**tensors, **moved}, o), moving)
        gradients = pull(jnp.ones_like(value))[0]
        flat = {n: [float(x) for x in g.reshape(-1)] for n, g in gradients.items()}
        return Answer([float(x) for x in value.reshape(-1)], flat)

    return Check(library, function, run, tuple(known), applies)


def array_check(library, function, call, applies, known=()):
    """`call(module, inputs as numpy arrays, options)`: value only."""

    def run(case, o, names):
        module, numpy = libraries.load(library), libraries.load("numpy")
        arrays = {n: numpy.asarray(t.data).reshape(t.shape) for n, t in case.inputs.items()}
        with numpy.errstate(all="ignore"):
            out = numpy.asarray(call(module, arrays, o), dtype=float)
        return Answer([float(x) for x in out.reshape(-1)])

    return Check(library, function, run, tuple(known), applies)


def encode_crosscheck(results):
    """JSON-ready: numbers that JSON lacks become strings."""
    plain = lambda xs: [x if math.isfinite(x) else json_number(x).strip('"') for x in xs]  # noqa: E731
    encoded = []
    for result in results:
        result = dict(result)
        if "value" in result:
            result["value"] = plain(result["value"])
        if "gradients" in result:
            result["gradients"] = {n: plain(xs) for n, xs in result["gradients"].items()}
        encoded.append(result)
    return encoded
