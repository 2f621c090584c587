"""The mean loss over all shards, one after the other: the simplest form."""

import json

from shard import merged, out, partial_sums


def main() -> None:
    numerator, normalizer = merged(partial_sums(file) for file in sorted((out / "parquet").glob("*.parquet")))
    mean = numerator / normalizer
    expected = json.loads((out / "result.json").read_text())
    off = abs(mean - expected["exact"])
    print(f"one process       {mean:.9f}  off by {off:.1e} (bound {expected['bound']:.1e})")
    assert off <= expected["bound"]


if __name__ == "__main__":
    main()
