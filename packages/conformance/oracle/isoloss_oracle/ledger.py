"""Ids of cases. A key gets the next number of its loss, once; nothing is ever renumbered or given again."""

import json
from contextlib import contextmanager

from .pretty import pretty

try:
    import fcntl
except ImportError:  # Windows: one run at a time
    fcntl = None


class Ledger:
    def __init__(self, path):
        self.path = path
        content = _read(path)
        self.released = content.get("released", [])  # losses whose cases must not change any more
        self.ids = content.get("ids", {})  # loss -> key -> number

    def id(self, loss, key):
        numbers = self.ids.setdefault(loss, {})
        if key not in numbers:
            numbers[key] = max(numbers.values(), default=0) + 1
        return f"{loss}/{numbers[key]:04d}"

    def is_saved(self):
        """Whether the file has every id that this run gave."""
        return self.path.exists() and _read(self.path).get("ids") == self.ids

    def save(self):
        """Adds this run's ids to what the file holds by now: several runs may write at once."""
        with _locked(self.path, "a+") as file:
            file.seek(0)
            ids = json.loads(file.read() or "{}").get("ids", {})
            for loss, numbers in self.ids.items():
                ids[loss] = {**ids.get(loss, {}), **numbers}
            file.truncate(0)
            file.write(_text(self.released, ids))


@contextmanager
def _locked(path, mode):
    with path.open(mode, encoding="utf-8", newline="\n") as file:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _read(path):
    if not path.exists():
        return {}
    with _locked(path, "r") as file:
        return json.load(file)


def _text(released, ids):
    return pretty({"released": sorted(released), "ids": {loss: ids[loss] for loss in sorted(ids)}})
