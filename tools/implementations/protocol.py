"""isoloss's line protocol for Python: everything of an implementation but its losses.

A program makes a table of {our id: Entry} and a Library that knows its tensors and gradients, and calls `serve`:

    serve(Library(name="mine", version="1.0", losses={"mse": Entry("mine.mse", lambda t, o: ..., ("input", "target"))}))

Names are checked against catalogue.json here: what the catalogue doesn't define is an error, what it defines and the
table lacks is skipped. Numbers, shapes and labels are left to the library: whether it refuses them is what is tested.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import math
import os
import platform
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO

import numpy

PROTOCOL = 1
FLOATS = {"float32": numpy.float32, "float64": numpy.float64}
STORED = {"float32": numpy.float32, "float64": numpy.float64, "int32": numpy.int32, "bool": numpy.bool_}
NAMED_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf, "-0": -0.0}
FIELDS = {
    "start": {"command", "protocol"},
    "run": {"command", "id", "loss", "options", "dtype", "inputs", "gradients"},
    "stop": {"command"},
}
MAX_MESSAGE = 500
CATALOGUE = Path(__file__).resolve().parents[2] / "packages" / "core" / "catalogue.json"


class Skip(Exception):
    """The library has no such thing: the case, or the gradient, is skipped and not failed."""

    def __init__(self, message: str, link: str | None = None) -> None:
        super().__init__(message)
        self.link = link

    def to_json(self) -> dict[str, str]:
        return {"message": clipped(str(self)), **({"link": self.link} if self.link else {})}


class Refused(Exception):
    """The request is wrong: one of the protocol's codes, and a sentence."""

    def __init__(self, code: str, message: str, **where: Any) -> None:
        super().__init__(message)
        self.code, self.where = code, where


class Options(dict):
    """The options that a request gives, by our names. What it leaves out is left to the library's own default."""

    @property
    def reduction(self) -> str:
        return self.get("reduction", "mean")

    def given(self, **names: str) -> dict[str, Any]:
        """{the library's name: value} of those options that were given, from library's name = our name."""
        return {theirs: self[ours] for theirs, ours in names.items() if ours in self}


@dataclass(frozen=True)
class Entry:
    """How a library computes one of our losses."""

    function: str
    """The library's name of it, for messages."""
    call: Callable[[SimpleNamespace, Options], Any]
    """(tensors by our names, None for those left out; options) → the library's value, already reduced."""
    inputs: tuple[str, ...]
    options: tuple[str, ...] = ()
    reductions: tuple[str, ...] = ("none", "mean", "sum")


@dataclass
class Result:
    value: Any
    gradients: dict[str, Any] = field(default_factory=dict)
    """An array, or a Skip, for each input that was asked for."""


@dataclass
class Library:
    """A library that computes values with numpy arrays and has no gradients; the others override `compute`."""

    name: str
    version: str
    losses: Mapping[str, Entry]
    runtime: str = ""
    dtypes: tuple[str, ...] = ("float32", "float64")

    def compute(
        self, entry: Entry, inputs: Mapping[str, numpy.ndarray], options: Options, gradients: Sequence[str], dtype: str
    ) -> Result:
        value = entry.call(tensors(entry, inputs), options)
        return Result(value, {name: Skip(f"{self.name} computes no gradients") for name in gradients})


def tensors(entry: Entry, inputs: Mapping[str, Any]) -> SimpleNamespace:
    """The inputs as attributes; None for one that the entry takes and the request leaves out."""
    return SimpleNamespace(**{**dict.fromkeys(entry.inputs), **inputs})


class Catalogue:
    """The names that there are. Without the file every name is taken for one of them."""

    def __init__(self, losses: Iterable[Mapping[str, Any]]) -> None:
        self._losses = {name: loss for loss in losses for name in (loss["id"], *loss["aliases"])}

    @classmethod
    def read(cls, path: Path = CATALOGUE) -> Catalogue:
        return cls(json.loads(path.read_text(encoding="utf-8"))["losses"] if path.exists() else ())

    def id_of(self, name: str) -> str:
        if self._losses and name not in self._losses:
            raise Refused("UNKNOWN_LOSS", f"there is no loss {clipped(name)!r}")
        return self._losses[name]["id"] if self._losses else name

    def check(self, name: str, inputs: Iterable[str], options: Mapping[str, Any], gradients: Iterable[str]) -> None:
        """Refused where a name is unknown or an input is missing."""
        if not self._losses:
            return
        loss = self._losses[name]
        known = {entry["name"]: entry for entry in loss["inputs"]}
        for option, value in options.items():
            if option not in loss["options"]:
                raise Refused("BAD_OPTION", f"{name} has no option {clipped(option)!r}")
            about = loss["options"][option]
            if "values" in about and value not in about["values"] and not (about["nullable"] and value is None):
                raise Refused("BAD_OPTION", f"{option} is one of {', '.join(map(str, about['values']))}")
            if about["type"] == "boolean" and not isinstance(value, bool):
                raise Refused("BAD_OPTION", f"{option} is true or false")
        for given in (*inputs, *gradients):
            if given not in known:
                raise Refused("UNKNOWN_INPUT", f"{name} has no input {given!r}")
        for needed, entry in known.items():
            if not entry["optional"] and needed not in inputs:
                raise Refused("MISSING_INPUT", f"{name} needs {needed}", input=needed)


def serve(library: Library, catalogue: Catalogue | None = None) -> None:
    """Answers standard input until it ends or says stop. What anything else prints goes to standard error."""
    warnings.simplefilter("ignore")
    sys.stdout.flush()
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)  # also what compiled code prints
        sys.stdout = sys.stderr
        with contextlib.suppress(BrokenPipeError):  # the reader went away
            answer_lines(library, sys.stdin.buffer, answers, catalogue or Catalogue.read())
        sys.stderr.flush()
        os._exit(0)  # no runtime's threads keep the process, and none is torn down noisily


def answer_lines(library: Library, lines: BinaryIO, answers: BinaryIO, catalogue: Catalogue) -> None:
    """One answer a line, in order, each flushed before the next request is read."""
    while line := lines.readline():
        answer = answer_line(library, line, catalogue)
        if answer is None:
            break
        answers.write(json.dumps(answer, allow_nan=False, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        answers.flush()


def answer_line(library: Library, line: bytes, catalogue: Catalogue) -> dict[str, Any] | None:
    """The answer to a line; None to stop. Whatever goes wrong is an answer too."""
    sent_back: dict[str, Any] = {}
    try:
        request = parse(line)
        if isinstance(request.get("id"), str):
            sent_back = {"id": request["id"]}
        command = request["command"]
        if command == "stop":
            return None
        if command == "start":
            return started(library, request)
        return {**sent_back, **run(library, request, catalogue)}
    except Skip as skip:
        return {**sent_back, "skipped": skip.to_json()}
    except Refused as refusal:
        error = {"code": refusal.code, "message": clipped(str(refusal)), **refusal.where}
        return {**sent_back, "error": error}
    except Exception as failure:  # noqa: BLE001 – a library may raise anything, and the next request must be served
        return {**sent_back, "error": {"code": code_of(failure), "message": clipped(describe(failure))}}


def parse(line: bytes) -> dict[str, Any]:
    """A line as a request with known fields only: a mistyped one would else be passed over."""
    try:
        request = json.loads(line.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as problem:
        raise Refused("BAD_REQUEST", f"the line is not valid JSON: {problem}") from None
    if not isinstance(request, dict):
        raise Refused("BAD_REQUEST", "a request is an object with a command")
    command = request.get("command")
    if not isinstance(command, str) or command not in FIELDS:
        raise Refused("BAD_REQUEST", f"there is no such command; there are {', '.join(FIELDS)}")
    if strangers := sorted(request.keys() - FIELDS[command]):
        raise Refused("BAD_REQUEST", f"{command} has no field {strangers[0]!r}")
    return request


def _no_constant(name: str) -> None:
    raise ValueError(f"JSON has no {name}: it is written as text")


def started(library: Library, request: Mapping[str, Any]) -> dict[str, Any]:
    version = request.get("protocol")
    if version != PROTOCOL or isinstance(version, bool):
        raise Refused("BAD_REQUEST", f"this is protocol {PROTOCOL}")
    python = f"Python {platform.python_version()}"
    return {
        "protocol": PROTOCOL,
        "implementation": {
            "name": library.name,
            "language": "python",
            "version": library.version,
            "runtime": f"{library.runtime}, {python}" if library.runtime else python,
            "dtypes": list(library.dtypes),
        },
    }


def run(library: Library, request: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """The answer to a run, without its id."""
    dtype, name, gradients = request.get("dtype"), request.get("loss"), request.get("gradients", [])
    if not isinstance(request.get("id"), str):
        raise Refused("BAD_REQUEST", "run needs an id: text")
    if not isinstance(name, str):
        raise Refused("BAD_REQUEST", "run needs a loss: its name as text")
    if not isinstance(request.get("inputs"), dict):
        raise Refused("BAD_REQUEST", "run needs inputs: an object of tensors by name")
    if not isinstance(gradients, list) or not all(isinstance(entry, str) for entry in gradients):
        raise Refused("BAD_REQUEST", "gradients is a list of names of inputs")
    if dtype is None:
        raise Refused("BAD_REQUEST", "run needs a dtype: float32 or float64")
    if not isinstance(dtype, str) or dtype not in FLOATS:
        raise Refused("BAD_DTYPE", "a run computes in float32 or float64")
    options = read_options(request.get("options", {}))
    loss = catalogue.id_of(name)
    if loss not in library.losses:
        raise Skip(f"{library.name} has no {loss}")
    catalogue.check(loss, request["inputs"], options, gradients)
    arrays = {key: decode(json_tensor, key, dtype) for key, json_tensor in request["inputs"].items()}
    if dtype not in library.dtypes:
        raise Skip(f"{library.name} has no {dtype}")
    entry = supported(library, loss, arrays, options)
    result = library.compute(entry, arrays, options, list(dict.fromkeys(gradients)), dtype)
    answer = {"value": encode(result.value, dtype)}
    if gradients:
        answer["gradients"] = {
            key: {"skipped": got.to_json()} if isinstance(got, Skip) else encode(got, dtype)
            for key, got in result.gradients.items()
        }
    return answer


def supported(library: Library, loss: str, inputs: Iterable[str], options: Options) -> Entry:
    """The library's entry; Skip where it has no such input, option or reduction."""
    entry = library.losses[loss]
    for given in inputs:
        if given not in entry.inputs:
            raise Skip(f"{entry.function} takes no {given}")
    for given in options:
        if given not in entry.options and given != "reduction":
            raise Skip(f"{entry.function} has no option for {given}")
    if options.reduction not in entry.reductions:
        raise Skip(f"{entry.function} has no reduction {options.reduction!r}")
    return entry


def read_options(value: Any) -> Options:
    if not isinstance(value, dict):
        raise Refused("BAD_OPTION", "options is an object")
    try:
        return Options((name, _named(option)) for name, option in value.items())
    except RecursionError:
        raise Refused("BAD_OPTION", "an option is nested too deep") from None


def _named(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _named(part) for key, part in value.items()}
    return NAMED_NUMBERS.get(value, value) if isinstance(value, str) else value


def decode(value: Any, name: str, dtype: str) -> numpy.ndarray:
    """A tensor as an array: floats in `dtype`, rounded to float32 before if they are float32; int32; bool."""

    def bad(why: str) -> Refused:
        return Refused("BAD_TENSOR", f"{name} {why}", input=name)

    if not isinstance(value, dict) or value.keys() != {"dtype", "shape", "data"}:
        raise bad("is not a tensor: an object of dtype, shape and data")
    stored, shape, data = value["dtype"], value["shape"], value["data"]
    if not isinstance(stored, str) or stored not in STORED:
        raise bad(f"has another dtype than {', '.join(STORED)}")
    if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
        raise bad("has a shape that is not a list of sizes")
    if not isinstance(data, list) or len(data) != math.prod(shape) or len(shape) > 32:
        raise bad("does not hold as many numbers as its shape says")
    numbers = [NAMED_NUMBERS.get(x, x) if isinstance(x, str) else x for x in data]
    wanted = {"int32": int, "bool": (bool, int)}.get(stored, (int, float))
    if not all(isinstance(x, wanted) and (stored == "bool" or not isinstance(x, bool)) for x in numbers):
        raise bad(f"holds something that is no {stored}")
    if stored == "int32" and not all(-(2**31) <= x < 2**31 for x in numbers):
        raise bad("holds a number that is too large for int32")
    if stored == "bool" and not all(x in (0, 1) for x in numbers):
        raise bad("holds something that is neither true nor false")
    try:
        with numpy.errstate(over="ignore"):
            array = numpy.array(numbers, dtype=STORED[stored] if stored != "float32" else numpy.float64)
            array = array.astype(STORED[stored]).reshape(shape)
            return array.astype(FLOATS[dtype]) if stored in FLOATS else array
    except (OverflowError, ValueError) as problem:
        raise bad(f"can't be read: {problem}") from None


def encode(value: Any, dtype: str) -> dict[str, Any]:
    """What a library gave, as a tensor of the dtype that was asked for."""
    with numpy.errstate(over="ignore"):
        array = numpy.asarray(value).astype(FLOATS[dtype])
    data = array.astype(numpy.float64).ravel()
    numbers = data.tolist() if numpy.isfinite(data).all() else [_written(x) for x in data.tolist()]
    return {"dtype": dtype, "shape": list(array.shape), "data": numbers}


def _written(x: float) -> float | str:
    return x if math.isfinite(x) else "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"


def code_of(failure: Exception) -> str:
    """A guess, since libraries have no codes: a runner takes any code of a foreign implementation for a refusal."""
    if isinstance(failure, TypeError):
        return "BAD_DTYPE"
    if isinstance(failure, IndexError):
        return "LABEL_OUT_OF_RANGE"
    if isinstance(failure, (AttributeError, NameError, KeyError, MemoryError, ImportError)):
        return "INTERNAL"
    return "VALUE_OUT_OF_DOMAIN"


def describe(failure: Exception) -> str:
    return f"{type(failure).__name__}: {' '.join(str(failure).split())}"


def clipped(message: str) -> str:
    return message if len(message) <= MAX_MESSAGE else message[: MAX_MESSAGE - 1] + "…"


def needs(*packages: str) -> None:
    """Ends with one line where a package is missing, instead of a traceback."""
    if missing := [name for name in packages if importlib.util.find_spec(name) is None]:
        requirements = os.path.relpath(Path(__file__).with_name("requirements.txt"))
        sys.exit(f"{', '.join(missing)} missing: python3 -m pip install -r {requirements}")
