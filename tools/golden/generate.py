"""Our own losses: writes or checks packages/conformance/vectors/<id>.json, with the oracle that everybody gets."""

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONFORMANCE = HERE.parents[1] / "packages" / "conformance"
sys.path.insert(0, str(CONFORMANCE / "oracle"))

from isoloss_oracle import generate, schemas  # noqa: E402


def all_losses():
    """id -> loss file."""
    found = {}
    for path in sorted((HERE / "losses").glob("*.py")):
        first, *rest = path.stem.split("_")
        found[first + "".join(word.capitalize() for word in rest)] = path
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ids", nargs="*", help="losses to generate (default: all)")
    generate.add_flags(parser)
    given = parser.parse_args()
    known = all_losses()
    unknown = set(given.ids) - known.keys()
    if unknown:
        parser.error(f"no such loss: {', '.join(sorted(unknown))}; there are: {', '.join(sorted(known))}")
    request = generate.Request(
        vectors=CONFORMANCE / "vectors",
        ledger=HERE / "ledger.json",
        check=given.check,
        crosscheck=not given.no_crosscheck,
        rewrite=given.rewrite,
        jobs=given.jobs,
    )
    stale = schemas.write(CONFORMANCE / "schemas", check=given.check)
    paths = [known[loss_id] for loss_id in sorted(given.ids or known)]
    return generate.conclude(stale + generate.generate(paths, request, generate.in_words), given.check)


if __name__ == "__main__":
    sys.exit(main())
