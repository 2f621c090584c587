"""The partial sums of one shard: what runs on every machine. It needs the ONNX model, and nothing of isoloss."""

import functools
import math
import pathlib
from collections.abc import Callable, Iterable

import numpy
import onnxruntime
import pyarrow.parquet as pq

out = pathlib.Path(__file__).parent.parent / "out"
batch = 1024  # rows; so many as the bound in out/result.json is for


@functools.cache
def session() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # the workers are the threads
    return onnxruntime.InferenceSession(out / "partial.onnx", options, providers=["CPUExecutionProvider"])


def partial_sums(file: pathlib.Path, half_way: Callable[[], None] = lambda: None) -> tuple[float, float]:
    """Numerator and normalizer of a file's mean, a batch at a time."""
    weight = numpy.load(out / "data" / "weights.npy")
    table = pq.ParquetFile(file)
    batches = math.ceil(table.metadata.num_rows / batch)
    parts = []
    for k, rows in enumerate(table.iter_batches(batch_size=batch)):
        if k == batches // 2:
            half_way()
        logits = rows["logits"].flatten().to_numpy().reshape(len(rows), -1)
        inputs = {"input": logits, "target": rows["label"].to_numpy(), "weight": weight}
        parts.append(session().run(["value"], inputs)[0])
    return merged(parts)


def merged(parts: Iterable) -> tuple[float, float]:
    """The sums of numerators and of normalizers, in float64."""
    numerators, normalizers = zip(*parts)
    return math.fsum(numerators), math.fsum(normalizers)
