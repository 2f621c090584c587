"""Writes the data set of `npm start` as Parquet, a file a source, as an engine of many machines would have it."""

import pathlib

import numpy
import pyarrow as pa
import pyarrow.parquet as pq

out = pathlib.Path(__file__).parent.parent / "out"


def main() -> None:
    folder = out / "parquet"
    folder.mkdir(exist_ok=True)
    sources = sorted((out / "data").glob("*.logits.npy"))
    if not sources:
        raise SystemExit("there is no out/data: run npm start first")
    for file in sources:
        name = file.name.split(".")[0]
        logits = numpy.load(file, mmap_mode="r")
        labels = numpy.load(out / "data" / f"{name}.labels.npy", mmap_mode="r")
        schema = pa.schema({"logits": pa.list_(pa.float32(), logits.shape[1]), "label": pa.int32()})
        with pq.ParquetWriter(folder / f"{name}.parquet", schema, compression="none") as writer:
            for first in range(0, len(logits), 8192):
                rows = slice(first, first + 8192)
                flat = pa.array(logits[rows].reshape(-1))
                columns = [pa.FixedSizeListArray.from_arrays(flat, logits.shape[1]), pa.array(labels[rows])]
                writer.write_table(pa.table(columns, schema=schema))
    print(f"wrote {len(sources)} files to out/parquet")


if __name__ == "__main__":
    main()
