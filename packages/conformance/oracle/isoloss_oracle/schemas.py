"""JSON Schemas (draft 2020-12) of the vector files and of the line protocol."""

from .pretty import pretty

ERRORS = [
    "UNKNOWN_LOSS",
    "BAD_OPTION",
    "MISSING_INPUT",
    "UNKNOWN_INPUT",
    "BAD_TENSOR",
    "BAD_DTYPE",
    "RANK_MISMATCH",
    "SHAPE_MISMATCH",
    "LABEL_OUT_OF_RANGE",
    "LENGTH_OUT_OF_RANGE",
    "VALUE_OUT_OF_DOMAIN",
    "NOT_DIFFERENTIABLE",
    "BAD_FILE",
    "BAD_REQUEST",
    "INTERNAL",
]

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def ref(name):
    return {"$ref": f"#/$defs/{name}"}


def record(required, optional=(), description=None):
    """A closed object."""
    schema = {"type": "object", "properties": {**required, **dict(optional)}}
    schema |= {"required": list(required), "additionalProperties": False}
    return {"description": description, **schema} if description else schema


def map_of(schema):
    return {"type": "object", "additionalProperties": schema}


def array_of(schema, **rest):
    return {"type": "array", "items": schema, **rest}


TEXT = {"type": "string"}
NAME = {"type": "string", "minLength": 1}
NUMBER = {"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity", "-0"]}]}
SENSITIVITY = {"anyOf": [{"type": "number", "minimum": 0}, {"enum": ["NaN", "Infinity"]}]}
SHAPE = array_of({"type": "integer", "minimum": 0})


def tensor(dtypes, data):
    return {"dtype": {"enum": dtypes}, "shape": SHAPE, "data": array_of(data)}


def _tensors(extra=()):
    """A tensor; `extra` fields only beside floats."""
    integer = {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1}
    return {
        "oneOf": [
            record(tensor(["float32", "float64"], ref("number")), extra),
            record(tensor(["int32"], integer)),
            record(tensor(["bool"], {"anyOf": [{"type": "boolean"}, {"enum": [0, 1]}]})),
        ]
    }


COMMON = {
    "number": NUMBER,
    "tensor": _tensors(),
    "tensors": map_of(ref("tensor")),
    "options": {"type": "object", "description": "by catalogue name; NaN and Infinity as strings"},
    "errorCode": {"enum": ERRORS},
}


def vectors_schema():
    result = record(
        {**tensor(["float64"], ref("number")), "sensitivity": array_of(SENSITIVITY)},
        {"low": array_of({"type": "number"})},
        "a correctly rounded tensor; low + data is exact to twice the precision, sensitivity is Σ|xᵢ·∂out/∂xᵢ|",
    )
    expected = {
        "oneOf": [
            record({"value": ref("result")}, {"gradients": map_of(ref("result"))}),
            record({"error": ref("errorCode")}),
        ]
    }
    numbers = array_of(ref("number"))
    disagreement = {"value": numbers, "gradients": map_of(numbers), "error": TEXT}
    crosscheck = {
        "oneOf": [
            record({"with": NAME, "agrees": {"const": True}}),
            record({"with": NAME, "agrees": {"const": False}, "cause": NAME}, disagreement),
        ]
    }
    required = {
        "id": {"type": "string", "pattern": "^[a-zA-Z0-9]+/[0-9]{4}$"},
        "flags": array_of(NAME, minItems=1, uniqueItems=True),
        "options": ref("options"),
        "inputs": ref("tensors"),
        "expected": expected,
    }
    optional = {"comment": TEXT, "crosscheck": array_of(crosscheck)}
    source = {"type": "object", "properties": {"name": NAME, "version": NAME}, "required": ["name"]}
    note = record({"description": TEXT, "links": array_of(TEXT)})
    root = record(
        {
            "schema": {"const": "isoloss-vectors/1"},
            "loss": NAME,
            "sources": array_of(source, minItems=1),
            "notes": map_of(note),
            "cases": array_of(ref("case")),
        },
        {"withdrawn": array_of(record({**required, "reason": NAME}, optional))},
    )
    definitions = {**COMMON, "result": result, "case": record(required, optional)}
    return {"$schema": DRAFT, "title": "isoloss vectors, version 1", **root, "$defs": definitions}


def protocol_schema():
    gradient = {"oneOf": [ref("tensor"), record({"skipped": ref("skip")})]}
    implementation = record(
        {"name": NAME},
        {
            "language": TEXT,
            "version": TEXT,
            "runtime": TEXT,
            "dtypes": array_of({"enum": ["float32", "float64"]}, uniqueItems=True),
            "accuracy": map_of({"type": "number", "minimum": 0}),
        },
    )
    error = record({"code": ref("errorCode"), "message": TEXT}, {"input": NAME, "index": {"type": "integer"}})
    run = {
        "command": {"const": "run"},
        "id": TEXT,
        "loss": NAME,
        "options": ref("options"),
        "dtype": {"enum": ["float32", "float64"]},
        "inputs": ref("tensors"),
    }
    definitions = {
        **COMMON,
        "skip": record({"message": TEXT}, {"link": TEXT}),
        "error": error,
        "start": record({"command": {"const": "start"}, "protocol": {"const": 1}}),
        "run": record(run, {"gradients": array_of(NAME, uniqueItems=True)}),
        "stop": record({"command": {"const": "stop"}}),
        "started": record({"protocol": {"const": 1}, "implementation": implementation}),
        "result": record({"id": TEXT, "value": ref("tensor")}, {"gradients": map_of(gradient)}),
        "skipped": record({"id": TEXT, "skipped": ref("skip")}),
        "failed": record({"error": ref("error")}, {"id": TEXT}, "without id: the request line could not be read"),
        "request": {"oneOf": [ref("start"), ref("run"), ref("stop")]},
        "answer": {"oneOf": [ref("started"), ref("result"), ref("skipped"), ref("failed")]},
    }
    root = {"oneOf": [ref("request"), ref("answer")]}
    return {"$schema": DRAFT, "title": "isoloss line protocol, version 1", **root, "$defs": definitions}


def write(folder, check):
    """Writes the schema files; with `check`, returns the names of those that differ instead."""
    stale = []
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in {"vectors": vectors_schema(), "protocol": protocol_schema()}.items():
        path = folder / f"{name}.schema.json"
        text = pretty(schema)
        if check and (not path.exists() or path.read_text(encoding="utf-8") != text):
            stale.append(path.name)
        elif not check:
            path.write_text(text, encoding="utf-8", newline="\n")
    return stale
