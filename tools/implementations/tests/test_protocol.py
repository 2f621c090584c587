"""The protocol, with a library of a few lines."""

import io
import json
import math
import subprocess
import sys
import unittest
from pathlib import Path

import numpy

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE))

from protocol import Catalogue, Entry, Library, Skip, answer_lines, code_of, decode, encode  # noqa: E402


def l1(t, o):
    error = abs(t.input - t.target)
    return {"none": error, "mean": error.mean(), "sum": error.sum()}[o.reduction]


def failing(t, o):
    raise IndexError("out\n of   range")


def huber(t, o):
    if o.given(delta="delta").get("delta", 1) == 0:
        raise Skip("no delta of 0", "https://example.org")
    return l1(t, o)


LIBRARY = Library(
    name="test",
    version="1",
    losses={
        "l1": Entry("test's l1", l1, ("input", "target")),
        "huber": Entry("test's huber", huber, ("input", "target"), ("delta",)),
        "mse": Entry("test's mse", failing, ("input", "target")),
    },
)


def tensor(data, shape=None, dtype="float32"):
    return {"dtype": dtype, "shape": [len(data)] if shape is None else shape, "data": data}


GOOD = {"input": tensor([1, 3]), "target": tensor([0, 1])}


def request(**more):
    return {"command": "run", "id": "a", "loss": "l1", "options": {}, "dtype": "float64", "inputs": GOOD, **more}


def answers(*lines, library=LIBRARY, catalogue=None):
    written = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    output = io.BytesIO()
    answer_lines(library, io.BytesIO(b"\n".join(written)), output, catalogue or Catalogue.read())
    return [json.loads(line) for line in output.getvalue().splitlines()]


class Conversation(unittest.TestCase):
    def test_starts_runs_and_stops(self):
        got = answers({"command": "start", "protocol": 1}, request(), {"command": "stop"}, request(id="late"))
        self.assertEqual(len(got), 2)
        self.assertEqual(got[0]["protocol"], 1)
        self.assertEqual(got[0]["implementation"]["dtypes"], ["float32", "float64"])
        self.assertEqual(got[1], {"id": "a", "value": {"dtype": "float64", "shape": [], "data": [1.5]}})

    def test_ends_without_stop_and_without_a_last_newline(self):
        self.assertEqual([answer["id"] for answer in answers(request(id="1"), request(id="2"))], ["1", "2"])

    def test_an_alias_is_the_loss(self):
        self.assertIn("value", answers(request(loss="mae"))[0])

    def test_gradients_that_there_are_none_of_are_skipped_one_by_one(self):
        gradients = answers(request(gradients=["input", "target"]))[0]["gradients"]
        self.assertEqual(set(gradients), {"input", "target"})
        self.assertIn("message", gradients["input"]["skipped"])

    def test_what_the_library_lacks_is_skipped(self):
        mask = {**GOOD, "mask": tensor([True, False], dtype="bool")}
        for more in (
            {"loss": "ctc"},
            {"inputs": mask},
            {"options": {"reduction": "partial"}},
            {"loss": "poissonNll"},
        ):
            self.assertIn("skipped", answers(request(**more))[0], more)
        got = answers(request(loss="huber", options={"delta": 0}))[0]
        self.assertEqual(got["skipped"], {"message": "no delta of 0", "link": "https://example.org"})

    def test_a_dtype_that_the_library_lacks_is_skipped(self):
        single = Library("single", "1", LIBRARY.losses, dtypes=("float32",))
        self.assertIn("skipped", answers(request(), library=single)[0])

    def test_what_the_catalogue_lacks_is_an_error(self):
        for code, more in (
            ("UNKNOWN_LOSS", {"loss": "huberr"}),
            ("BAD_OPTION", {"options": {"size_average": True}}),
            ("BAD_OPTION", {"options": {"reduction": "median"}}),
            ("BAD_OPTION", {"options": {"reduction": ["mean"]}}),
            ("BAD_OPTION", {"options": []}),
            ("UNKNOWN_INPUT", {"inputs": {**GOOD, "surplus": tensor([1])}}),
            ("UNKNOWN_INPUT", {"gradients": ["surplus"]}),
            ("MISSING_INPUT", {"inputs": {"input": tensor([1])}}),
            ("BAD_DTYPE", {"dtype": "float16"}),
            ("BAD_TENSOR", {"inputs": {**GOOD, "input": tensor([1, 2], [3])}}),
        ):
            self.assertEqual(answers(request(**more))[0].get("error", {}).get("code"), code, more)

    def test_an_exception_is_an_answer_and_the_next_request_is_served(self):
        got = answers(request(loss="mse"), request(id="b"))
        self.assertEqual(got[0]["error"], {"code": "LABEL_OUT_OF_RANGE", "message": "IndexError: out of range"})
        self.assertEqual(got[1]["id"], "b")

    def test_lines_that_are_no_requests(self):
        lines = (
            b"hello",
            b"",
            b"\xff\xfe",
            b"null",
            b"[]",
            b"{}",
            b'{"command":["run"]}',
            b'{"command":"start"}',
            b'{"command":"start","protocol":true}',
            b'{"command":"stop","now":true}',
            b"[" * 100_000,
            b'{"command":"run","id":"a","loss":"l1","dtype":"float32","inputs":{"input":{"data":[NaN]}}}',
            {"command": "run"},
            request(id=7),
            request(inputs=[1]),
            request(gradients="input"),
            request(gradient=["input"]),
        )
        got = answers(*lines, request(id="after"))
        self.assertEqual([answer.get("error", {}).get("code") for answer in got[:-1]], ["BAD_REQUEST"] * len(lines))
        self.assertIn("value", got[-1])

    def test_without_a_catalogue_all_names_are_taken(self):
        self.assertIn("value", answers(request(), catalogue=Catalogue(()))[0])
        self.assertIn("skipped", answers(request(loss="any"), catalogue=Catalogue(()))[0])


class Tensors(unittest.TestCase):
    def test_numbers_that_json_lacks(self):
        got = decode(tensor(["NaN", "Infinity", "-Infinity", "-0"]), "x", "float64")
        self.assertTrue(math.isnan(got[0]) and math.copysign(1, got[3]) == -1)
        self.assertEqual(encode(got, "float32")["data"][:3], ["NaN", "Infinity", "-Infinity"])

    def test_float32_is_rounded_first_also_for_float64(self):
        self.assertEqual(decode(tensor([0.1]), "x", "float64")[0], float(numpy.float32(0.1)))
        self.assertEqual(decode(tensor([0.1], dtype="float64"), "x", "float64")[0], 0.1)

    def test_shapes_and_dtypes(self):
        self.assertEqual(decode(tensor([], [0, 3]), "x", "float32").shape, (0, 3))
        self.assertEqual(decode(tensor([1], []), "x", "float32").shape, ())
        self.assertEqual(decode(tensor([1, 2], dtype="int32"), "x", "float64").dtype, numpy.int32)
        self.assertEqual(decode(tensor([1, False], dtype="bool"), "x", "float64").dtype, numpy.bool_)

    def test_bad_tensors(self):
        for bad in (
            None,
            {},
            tensor([1, 2], [3]),
            tensor([1], [-1]),
            tensor([1], [True]),
            tensor([1], "1"),
            tensor(["nan"]),
            tensor([True]),
            tensor([[1]]),
            tensor([1.5], dtype="int32"),
            tensor([2**31], dtype="int32"),
            tensor([2], dtype="bool"),
            tensor([1], dtype="float16"),
            tensor([1], dtype=["float32"]),
            tensor([1], [1] * 100),
            tensor([10**400]),
        ):
            with self.assertRaises(Exception) as raised:
                decode(bad, "x", "float32")
            self.assertEqual(getattr(raised.exception, "code", None), "BAD_TENSOR", bad)

    def test_what_overflows_float32_is_infinite(self):
        self.assertEqual(encode(numpy.array([1e300]), "float32")["data"], ["Infinity"])


class Codes(unittest.TestCase):
    def test_a_mistake_of_the_program_is_told_from_a_refusal(self):
        self.assertEqual(code_of(NameError("x")), "INTERNAL")
        self.assertEqual(code_of(ValueError("x")), "VALUE_OUT_OF_DOMAIN")
        self.assertEqual(code_of(TypeError("x")), "BAD_DTYPE")


class Process(unittest.TestCase):
    PROGRAM = """
import os, sys
from protocol import Entry, Library, serve
def noisy(t, o):
    print("a print"); os.write(1, b"compiled code\\n")
    return t.input.sum()
serve(Library("noisy", "1", {"l1": Entry("f", noisy, ("input", "target"))}))
"""

    def test_standard_output_holds_answers_only(self):
        lines = "\n".join(json.dumps(line) for line in (request(), request(id="b"), {"command": "stop"}))
        done = subprocess.run(
            [sys.executable, "-c", self.PROGRAM], input=lines, capture_output=True, text=True, cwd=HERE, timeout=60
        )
        self.assertEqual(done.returncode, 0)
        self.assertEqual([json.loads(line)["id"] for line in done.stdout.splitlines()], ["a", "b"])
        self.assertEqual(done.stderr.count("a print"), 2)
        self.assertEqual(done.stderr.count("compiled code"), 2)


if __name__ == "__main__":
    unittest.main()
