"""Vector files: made, formatted, compared."""

import json

import jsonschema

from .crosscheck import crosscheck, encode_crosscheck
from .loss import encode_output, expect
from .notes import notes_for
from .numbers import DIGITS, json_number
from .schemas import vectors_schema


class Refused(Exception):
    """Vectors that must not be written as they are."""


def make_cases(loss, with_crosscheck, progress=None, line=lambda problem: ""):
    """[(key, case as JSON)] in the order of the loss file, without ids.

    `progress` is told (done, total, key); `line(problem)` says where in the loss file an exception is from.
    """
    keys = [case.key for case in loss.cases]
    twice = sorted({k for k in keys if keys.count(k) > 1})
    if twice:
        raise RuntimeError(f"{loss.id}: a key twice: {', '.join(twice)}")
    made, problems = [], {}  # what is wrong -> keys of the cases
    for done, case in enumerate(loss.cases):
        if progress:
            progress(done, len(keys), case.key)
        try:
            made.append((case.key, _make(loss, case, with_crosscheck)))
        except Exception as problem:  # every problem of a loss is shown at once
            kind = "" if isinstance(problem, AssertionError) else f"{line(problem)}{type(problem).__name__}: "
            problems.setdefault(f"{kind}{problem}", []).append(case.key)
    if problems:
        raise RuntimeError("\n".join(f"{loss.id} {_several(keys)}: {what}" for what, keys in problems.items()))
    return made


def _several(keys):
    return keys[0] if len(keys) == 1 else f"{keys[0]} and {len(keys) - 1} more"


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
        words = [f"{word}: {_list(some)}" for word, some in (("change", changed), ("disappear", gone)) if some]
        way = "" if loss.id in ledger.released else ", or before it is released use --rewrite"
        raise Refused(
            f"{loss.id}: cases would {'; '.join(words)}. "
            f"Give a changed case a new key and list the old one in `withdrawn`{way}"
        )
    vectors = {"schema": "isoloss-vectors/1", "loss": loss.id}
    vectors["sources"] = _sources(loss, old, with_crosscheck)
    vectors["notes"] = notes_for(cases)
    vectors["cases"] = sorted(cases, key=lambda case: case["id"])
    if withdrawn:
        vectors["withdrawn"] = withdrawn
    return vectors


def _list(names, shown=6):
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more


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


def _sources(loss, old, with_crosscheck):
    if old and not with_crosscheck:
        return old["sources"]
    import mpmath

    sources = [{"name": "paper", "reference": loss.paper}]
    sources.append({"name": "mpmath", "version": mpmath.__version__, "digits": DIGITS})
    for check in loss.checks if with_crosscheck else []:
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
    jsonschema.Draft202012Validator(vectors_schema()).validate(vectors)
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
