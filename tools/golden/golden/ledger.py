"""Ids of cases. A key gets the next number of its loss, once; nothing is ever renumbered or given again."""

import json
from pathlib import Path

from .pretty import pretty

PATH = Path(__file__).resolve().parent.parent / "ledger.json"


class Ledger:
    def __init__(self, path=PATH):
        self.path = path
        content = json.loads(path.read_text()) if path.exists() else {}
        self.released = content.get("released", [])  # losses whose cases must not change any more
        self.ids = content.get("ids", {})  # loss -> key -> number

    def id(self, loss, key):
        numbers = self.ids.setdefault(loss, {})
        if key not in numbers:
            numbers[key] = max(numbers.values(), default=0) + 1
        return f"{loss}/{numbers[key]:04d}"

    def text(self):
        ids = {loss: self.ids[loss] for loss in sorted(self.ids)}
        return pretty({"released": sorted(self.released), "ids": ids})

    def save(self):
        self.path.write_text(self.text())
