"""Writes or checks the golden vectors: packages/conformance/vectors/<id>.json."""

import argparse
import importlib
import json
import pkgutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from golden import files, losses, schemas
from golden.ledger import Ledger


def all_losses():
    """id -> module name of every loss file."""
    names = [module.name for module in pkgutil.iter_modules(losses.__path__)]
    found = {}
    for name in names:
        first, *rest = name.split("_")
        found[first + "".join(word.capitalize() for word in rest)] = name
    return found


def load(module):
    return importlib.import_module(f"golden.losses.{module}").LOSS


def work(module, with_crosscheck):
    began = time.time()
    return files.make_cases(load(module), with_crosscheck), time.time() - began


def committed(path):
    return json.loads(path.read_text()) if path.exists() else None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ids", nargs="*", help="losses to generate (default: all)")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if a file differs from the committed one"
    )
    parser.add_argument(
        "--no-crosscheck", action="store_true", help="no libraries needed; keeps the committed cross-checks"
    )
    parser.add_argument("--rewrite", action="store_true", help="let cases of unreleased losses change under their ids")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    arguments = parser.parse_args()
    known = all_losses()
    unknown = set(arguments.ids) - known.keys()
    if unknown:
        parser.error(f"no such loss: {', '.join(sorted(unknown))}; there are: {', '.join(sorted(known))}")
    ids = sorted(arguments.ids or known)
    failed, ledger = [], Ledger()
    stale = schemas.write(files.SCHEMAS, check=arguments.check)
    with ProcessPoolExecutor(arguments.jobs) as pool:
        results = {i: pool.submit(work, known[i], not arguments.no_crosscheck) for i in ids}
        for loss_id in ids:
            try:
                made, seconds = results[loss_id].result()
            except RuntimeError as problem:
                print(problem, file=sys.stderr, flush=True)
                failed.append(loss_id)
                continue
            stale += finish(load(known[loss_id]), made, seconds, ledger, arguments)
    if not arguments.check:
        ledger.save()  # also beside failures: what was written has its ids
    if failed:
        print("failed: " + ", ".join(failed), file=sys.stderr)
        return 1
    if arguments.check:
        if not ledger.path.exists() or ledger.path.read_text() != ledger.text():
            stale.append("tools/golden/ledger.json")
        print("differs from the committed files: " + ", ".join(stale) if stale else "all files are as committed")
        return 1 if stale else 0
    return 0


def finish(loss, made, seconds, ledger, arguments):
    """Writes or compares one file; returns the names that differ."""
    path = files.VECTORS / f"{loss.id}.json"
    old = committed(path)
    rewrite = arguments.rewrite or arguments.check
    vectors = files.assemble(loss, made, ledger, old, not arguments.no_crosscheck, rewrite)
    text = files.text(vectors)
    files.validate(text)
    if arguments.check:
        same = path.exists() and path.read_text() == text
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        same = True
    verdict = "" if same else ", DIFFERS"
    print(f"{loss.id}: {len(vectors['cases'])} cases, {len(text) // 1024} KB, {seconds:.1f} s{verdict}", flush=True)
    return [] if same else [path.name]


if __name__ == "__main__":
    sys.exit(main())
