"""Indented JSON as the repository's formatter wants it: objects open, lists of scalars on a line where they fit."""

import json

WIDTH = 120


def pretty(value):
    return _pretty(value, "", 0) + "\n"


def _pretty(value, indent, used):
    inner = indent + "  "
    if isinstance(value, dict) and value:
        lines = []
        for key, part in value.items():
            head = f"{inner}{json.dumps(key)}: "
            lines.append(head + _pretty(part, inner, len(head) + 1))
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, list) and value:
        flat = "[" + ", ".join(json.dumps(part, ensure_ascii=False) for part in value) + "]"
        if not any(isinstance(part, (dict, list)) for part in value) and used + len(flat) <= WIDTH:
            return flat
        return "[\n" + ",\n".join(inner + _pretty(part, inner, len(inner)) for part in value) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False)
