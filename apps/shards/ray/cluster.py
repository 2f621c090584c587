"""The same over a Ray cluster of two workers, also when one of them is killed in the middle of a shard.

A task is pure (a file in, two numbers out), so Ray may run it again wherever it likes: nothing is lost, nothing counted
twice.
"""

import json
import os
import pathlib
import signal
import tempfile
import time

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # in spite of its name: all of it talks over the loopback
os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"  # what it is about to become; without it there is a warning

import ray

from shard import merged, out, partial_sums


@ray.remote(num_cpus=1)
def ready(folder: pathlib.Path) -> None:
    """Waits for the other worker, so that both have a part."""
    (folder / str(os.getpid())).touch()
    while len(list(folder.iterdir())) < 2:
        time.sleep(0.05)


@ray.remote(num_cpus=1, max_retries=2)
def task(file: pathlib.Path, attempts: pathlib.Path, falls: bool) -> tuple[float, float]:
    """Partial sums of a file; `falls` is whether the process is to be lost, the first time, when half is done."""
    mine = attempts / file.stem
    with mine.open("a") as log:
        log.write(f"{os.getpid()}\n")

    def half_way() -> None:
        if falls and len(mine.read_text().split()) == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    return partial_sums(file, half_way)


def mean_of(files: list[pathlib.Path], attempts: pathlib.Path, falls: set[str]) -> tuple[float, dict[str, list[str]]]:
    """The mean, and the processes that each shard was begun in."""
    attempts.mkdir()
    parts = ray.get([task.remote(file, attempts, file.stem in falls) for file in files])
    numerator, normalizer = merged(parts)
    return numerator / normalizer, {file.stem: (attempts / file.stem).read_text().split() for file in files}


def main() -> None:
    files = sorted((out / "parquet").glob("*.parquet"))
    expected = json.loads((out / "result.json").read_text())
    alone = merged(map(partial_sums, files))

    def report(what: str, mean: float) -> None:
        off = abs(mean - expected["exact"])
        print(f"{what}  {mean:.9f}  off by {off:.1e} (bound {expected['bound']:.1e})", flush=True)
        assert off <= expected["bound"]
        assert mean == alone[0] / alone[1], "not the number of one process"

    # The path of a socket in it may have 107 characters.
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        ray.init(
            num_cpus=2,
            include_dashboard=False,
            object_store_memory=80 * 2**20,
            log_to_driver=False,
            _temp_dir=folder,
        )
        try:
            workers = pathlib.Path(folder, "workers")
            workers.mkdir()
            ray.get([ready.remote(workers) for _ in range(2)])

            mean, processes = mean_of(files, pathlib.Path(folder, "attempts"), set())
            report("two workers     ", mean)
            assert all(len(begun) == 1 for begun in processes.values())
            assert len({begun[0] for begun in processes.values()}) == 2, "not two workers"

            lost = {files[len(files) // 2].stem}
            mean, processes = mean_of(files, pathlib.Path(folder, "attempts-lost"), lost)
            report("one of them lost", mean)
            for name, begun in processes.items():
                assert len(set(begun)) == (2 if name in lost else 1), f"{name} was begun in {begun}"
                if name in lost:
                    print(f"  shard {name} was begun by process {begun[0]}, which was killed, and done by {begun[1]}")
        finally:
            ray.shutdown()


if __name__ == "__main__":
    main()
