"""Vector files: made, formatted, compared."""

import json
from pathlib import Path

import jsonschema

from .crosscheck import crosscheck, encode_crosscheck
from .loss import encode_output, expect
from .notes import notes_for
from .numbers import DIGITS, json_number

CONFORMANCE = Path(__file__).resolve().parents[3] / "packages" / "conformance"
VECTORS = CONFORMANCE / "vectors"
SCHEMAS = CONFORMANCE / "schemas"


def make_cases(loss, with_crosscheck):
    """[(key, case as JSON)] in the order of the loss file, without ids."""
    keys = [case.key for case in loss.cases]
    assert len(set(keys)) == len(keys), f"{loss.id}: a key twice: {[k for k in keys if keys.count(k) > 1]}"
    made, problems = [], []
    for case in loss.cases:
        try:
            made.append((case.key, _make(loss, case, with_crosscheck)))
        except Exception as problem:  # every problem of a loss is shown at once
            problems.append(f"{loss.id} {case.key}: {type(problem).__name__}: {problem}")
    if problems:
        raise RuntimeError("\n".join(problems))
    return made


def _make(loss, case, with_crosscheck):
    expected = expect(loss, case)
    entry = {"comment": case.comment} if case.comment else {}
    entry |= {"flags": list(case.flags), "options": case.options}
    entry["inputs"] = {n: _encode_input(t) for n, t in case.inputs.items()}
    entry["expected"] = {"error": case.error} if expected is None else _encode_expected(expected)
    entry["crosscheck"] = encode_crosscheck(crosscheck(loss, case, expected)) if with_crosscheck else None
    return entry


def _encode_input(tensor):
    return {"dtype": tensor.dtype, "shape": list(tensor.shape), "data": list(tensor.data)}


def _encode_expected(expected):
    encoded = {"value": encode_output(expected.value)}
    if expected.gradients:
        encoded["gradients"] = {name: encode_output(g) for name, g in expected.gradients.items()}
    return encoded


def assemble(loss, made, ledger, old, with_crosscheck, rewrite):
    """The content of a vector file. `old` is the committed file's content or None."""
    before = {case["id"]: case for case in old["cases"]} if old else {}
    cases, changed = [], []
    for key, entry in made:
        case = {"id": ledger.id(loss.id, key), **entry}
        known = before.pop(case["id"], None)
        if known and content(known) != content(_through_json(case)):
            changed.append(key)
        if not with_crosscheck:
            case["crosscheck"] = known.get("crosscheck", []) if known else []
        if not case["crosscheck"]:
            del case["crosscheck"]
        cases.append(case)
    withdrawn = _withdrawn(loss, ledger, old, before)
    gone = sorted(before)
    if (changed or gone) and (not rewrite or loss.id in ledger.released):
        raise SystemExit(
            f"{loss.id}: committed cases would change: {changed or ''} disappear: {gone or ''}\n"
            "Give a changed case a new key and list the old one in `withdrawn` (or --rewrite before the release)."
        )
    vectors = {"schema": "isoloss-vectors/1", "loss": loss.id}
    vectors["sources"] = _sources(loss, old if not with_crosscheck else None)
    vectors["notes"] = notes_for(cases)
    vectors["cases"] = sorted(cases, key=lambda case: case["id"])
    if withdrawn:
        vectors["withdrawn"] = withdrawn
    return vectors


def content(case):
    """What may never change under an id. Key order doesn't matter; crosscheck, comment and flags may be improved."""
    return {name: case[name] for name in ("options", "inputs", "expected")}


def _through_json(value):
    return json.loads(dumps(value))


def _withdrawn(loss, ledger, old, before):
    withdrawn = list(old.get("withdrawn", [])) if old else []
    for key, reason in loss.withdrawn.items():
        case = before.pop(ledger.id(loss.id, key), None)
        if case:
            withdrawn.append({**case, "reason": reason})
    return sorted(withdrawn, key=lambda case: case["id"])


def _sources(loss, old):
    if old:
        return old["sources"]
    import mpmath

    sources = [{"name": "paper", "reference": loss.paper}]
    sources.append({"name": "mpmath", "version": mpmath.__version__, "digits": DIGITS})
    for check in loss.checks:
        source = check.source()
        if source not in sources:
            sources.append(source)
    return sources


def dumps(value, float32=False):
    """Compact JSON with the numbers of the tensor format."""
    if isinstance(value, dict):
        own32 = value.get("dtype") == "float32"
        inner = (f"{json.dumps(k)}:{dumps(v, own32 and k == 'data')}" for k, v in value.items())
        return "{" + ",".join(inner) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(dumps(v, float32) for v in value) + "]"
    if value is None or isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return json_number(value, float32)


def text(vectors):
    """The file: one part of a case a line, to be read in diffs."""
    head = [f' "{k}": {dumps(v)},' for k, v in vectors.items() if k not in ("cases", "withdrawn")]
    lists = [_case_list(name, vectors[name]) for name in ("cases", "withdrawn") if name in vectors]
    return "{\n" + "\n".join(head) + "\n" + ",\n".join(lists) + "\n}\n"


def _case_list(name, cases):
    return f' "{name}": [\n' + ",\n".join(map(_case_text, cases)) + "\n ]"


def _case_text(case):
    lines = ["  {" + ", ".join(f'"{k}": {dumps(case[k])}' for k in ("id", "comment", "flags", "options") if k in case)]
    lines.append('   "inputs": {' + _lines(case["inputs"]) + "}")
    if "error" in case["expected"]:
        lines.append(f'   "expected": {dumps(case["expected"])}')
    else:
        value = f'"value": {dumps(case["expected"]["value"])}'
        gradients = case["expected"].get("gradients")
        slopes = ',\n    "gradients": {' + _lines(gradients, 5) + "}" if gradients else ""
        lines.append(f'   "expected": {{\n    {value}{slopes}}}')
    lines += [f'   "{name}": {dumps(case[name])}' for name in ("crosscheck", "reason") if name in case]
    return ",\n".join(lines) + "}"


def _lines(tensors, indent=4):
    space = "\n" + " " * indent
    return space + f",{space}".join(f'"{name}": {dumps(tensor)}' for name, tensor in tensors.items())


def validate(vectors_text):
    """Schema and the lengths that a schema can't say."""
    vectors = json.loads(vectors_text)
    schema = json.loads((SCHEMAS / "vectors.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(vectors)
    ids = [case["id"] for case in vectors["cases"] + vectors.get("withdrawn", [])]
    assert len(set(ids)) == len(ids), "an id twice"
    for case in vectors["cases"]:
        outputs = case["expected"].get("gradients", {}) | {"value": case["expected"].get("value")}
        if "error" in case["expected"]:
            outputs = {}
        for name, tensor in {**case["inputs"], **outputs}.items():
            size = 1
            for n in tensor["shape"]:
                size *= n
            for part in ("data", "low", "sensitivity"):
                assert part not in tensor or len(tensor[part]) == size, f"{case['id']} {name}.{part}"
        for name, gradient in case["expected"].get("gradients", {}).items():
            assert gradient["shape"] == case["inputs"][name]["shape"], f"{case['id']} {name}"
