"""Makes or compares the vectors of loss files: python -m isoloss_oracle oracle/my_loss.py --vectors vectors"""

import argparse
import importlib.util
import json
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from . import crosscheck, files
from .ledger import Ledger
from .loss import Loss


class Problem(Exception):
    """What is wrong with a loss file, in words for whoever wrote it."""


@dataclass(frozen=True)
class Request:
    vectors: Path
    ledger: Path
    check: bool = False
    crosscheck: bool = True
    rewrite: bool = False
    jobs: int = 2


def load(path):
    """The LOSS of a file. Modules beside it can be imported."""
    path = Path(path).resolve()
    if not path.is_file():
        raise Problem("there is no such file")
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))  # last: a loss may be called like a library
    spec = importlib.util.spec_from_file_location(f"isoloss_oracle_of_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as problem:
        words = problem.msg if isinstance(problem, SyntaxError) else problem
        raise Problem(f"{_line(path, problem)}{type(problem).__name__}: {words}") from problem
    loss = getattr(module, "LOSS", None)
    if not isinstance(loss, Loss):
        raise Problem("it has no LOSS = Loss(…)")
    return loss


def _line(path, problem):
    """Which line of the file it came from, if it did."""
    if isinstance(problem, SyntaxError):
        return f"line {problem.lineno}: "
    lines = [frame.lineno for frame in traceback.extract_tb(problem.__traceback__) if Path(frame.filename) == path]
    return f"line {lines[-1]}: " if lines else ""


def make(path, with_crosscheck, progress=None):
    """(id, cases without ids, seconds). Runs in a process of its own where there are several files."""
    began = time.time()
    loss = load(path)
    if with_crosscheck:
        absent = crosscheck.absent(loss)
        if absent:
            raise Problem(
                f"its cross-checks need {', '.join(absent)}, which this Python has not; "
                "install them there, or keep the cross-checks that the file has (--no-crosscheck)"
            )
    line = lambda problem: _line(Path(path).resolve(), problem)  # noqa: E731
    try:
        return loss.id, files.make_cases(loss, with_crosscheck, progress, line), time.time() - began
    except RuntimeError as problem:
        raise Problem(str(problem)) from None


def generate(paths, request, report):
    """Makes all; `report` is told of each by keywords. Returns the names of what failed or differs."""
    ledger, bad = Ledger(request.ledger), []
    for path, result in _results(paths, request, report):
        try:
            loss_id, made, seconds = result()
            facts = _finish(load(path), made, ledger, request)
            report(loss=loss_id, file=str(path), seconds=round(seconds, 1), **facts)
            if facts["state"] == "differs":
                bad.append(facts["vectors"])
        except (Problem, files.Refused) as problem:
            report(file=str(path), problem=str(problem))
            bad.append(str(path))
    if not request.check:
        ledger.save()  # also beside failures: what was written has its ids
    elif not ledger.is_saved():
        bad.append(str(request.ledger))
    return bad


def _results(paths, request, report):
    """(path, what gives its result), in order."""
    if len(paths) == 1:
        progress = lambda done, total, key: report(progress=[done, total], key=key)  # noqa: E731
        yield paths[0], lambda: make(paths[0], request.crosscheck, progress)
        return
    with ProcessPoolExecutor(request.jobs) as pool:
        futures = [(path, pool.submit(make, path, request.crosscheck)) for path in paths]
        for path, future in futures:
            yield path, future.result


def _finish(loss, made, ledger, request):
    """Writes or compares one file."""
    path = request.vectors / f"{loss.id}.json"
    before = path.read_text(encoding="utf-8") if path.exists() else None
    rewrite = request.rewrite or request.check
    old = json.loads(before) if before else None
    vectors = files.assemble(loss, made, ledger, old, request.crosscheck, rewrite)
    text = files.text(vectors)
    files.validate(text)
    if not request.check:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    state = "same" if text == before else "differs" if request.check else "written"
    return {"vectors": str(path), "cases": len(vectors["cases"]), "bytes": len(text.encode()), "state": state}


def in_words(*, loss=None, file=None, problem=None, progress=None, **facts):
    """A report for people."""
    if problem:
        print(f"{file}: {problem}", file=sys.stderr, flush=True)
    elif not progress:
        differs = ", DIFFERS" if facts["state"] == "differs" else ""
        size = f"{facts['cases']} cases, {facts['bytes'] // 1024} KB, {facts['seconds']} s"
        print(f"{loss}: {size}{differs}", flush=True)


def as_json(**facts):
    """A report for programs, a line each."""
    print(json.dumps(facts), flush=True)


def add_flags(parser):
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file differs from what is there")
    parser.add_argument("--no-crosscheck", action="store_true", help="no libraries; keeps the cross-checks there are")
    parser.add_argument("--rewrite", action="store_true", help="let cases of unreleased losses change under their ids")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")


def conclude(bad, check):
    """What all came to, for people, and the exit code."""
    if bad:
        print(("differs or failed: " if check else "failed: ") + ", ".join(bad), file=sys.stderr)
    elif check:
        print("all files are as they should be")
    return 1 if bad else 0


def main():
    parser = argparse.ArgumentParser(prog="python -m isoloss_oracle", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, help="loss files, each with a LOSS")
    parser.add_argument("--vectors", type=Path, required=True, help="the folder of <id>.json")
    parser.add_argument("--ledger", type=Path, help="the ids given so far (default: ledger.json beside the first file)")
    parser.add_argument("--json", action="store_true", help="report as JSON, a line each")
    add_flags(parser)
    given = parser.parse_args()
    request = Request(
        vectors=given.vectors,
        ledger=given.ledger or given.files[0].parent / "ledger.json",
        check=given.check,
        crosscheck=not given.no_crosscheck,
        rewrite=given.rewrite,
        jobs=given.jobs,
    )
    bad = generate(given.files, request, as_json if given.json else in_words)
    return (1 if bad else 0) if given.json else conclude(bad, given.check)
