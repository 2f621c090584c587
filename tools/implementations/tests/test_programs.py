"""Each program, as a runner starts it. One whose packages are missing is skipped."""

import importlib.util
import json
import subprocess
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE.parents[1]
SCHEMA = ROOT / "packages/conformance/schemas/protocol.schema.json"

PACKAGES = {
    "torch": ("torch", "torchvision"),
    "keras-tensorflow": ("keras", "tensorflow"),
    "keras-jax": ("keras", "jax"),
    "optax": ("jax", "optax"),
    "scipy-sklearn": ("scipy", "sklearn"),
    "pytorch-metric-learning": ("torch", "pytorch_metric_learning"),
}
VALUES_ONLY = {"scipy-sklearn"}


def floats(data, shape=None):
    return {"dtype": "float32", "shape": [len(data)] if shape is None else shape, "data": data}


def ints(data):
    return {"dtype": "int32", "shape": [len(data)], "data": data}


def run(key, loss, inputs, options=None, **more):
    return {
        "command": "run",
        "id": key,
        "loss": loss,
        "options": options or {},
        "dtype": "float64",
        "inputs": inputs,
        **more,
    }


PAIR = {"input": floats([1, 3]), "target": floats([0, 1])}
BATCH = {"embeddings": floats([1, 0, 0.6, 0.8, 0, 1, -0.6, 0.8], [4, 2]), "labels": ints([0, 0, 1, 1])}
LOGITS = {"input": floats([1, 2, 3, 0.5, -1, 0.2], [2, 3]), "target": ints([2, 0])}

# A loss that each has, and its value where no library disagrees.
EXPECTED = {
    "torch": ("crossEntropy", LOGITS, {}, 0.5412815),
    "keras-tensorflow": ("crossEntropy", LOGITS, {}, 0.5412815),
    "keras-jax": ("crossEntropy", LOGITS, {}, 0.5412815),
    "optax": ("crossEntropy", LOGITS, {}, 0.5412815),
    "scipy-sklearn": ("mse", PAIR, {}, 2.5),
    "pytorch-metric-learning": ("ntXent", BATCH, {"temperature": 0.5}, 0.6428929),
}


def described(name):
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))


def converse(name, requests):
    arguments = [sys.executable, *described(name)["command"][1:]]
    lines = "\n".join(json.dumps(request) for request in requests)
    done = subprocess.run(arguments, input=lines, capture_output=True, text=True, cwd=HERE, timeout=300)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


class Programs(unittest.TestCase):
    def each(self, check):
        for name, packages in PACKAGES.items():
            with self.subTest(name):
                if missing := [package for package in packages if importlib.util.find_spec(package) is None]:
                    self.skipTest(f"no {', '.join(missing)}")
                check(name)

    def test_every_descriptor_has_a_test(self):
        self.assertEqual({path.stem for path in HERE.glob("*.json")}, set(PACKAGES))
        for name in PACKAGES:
            self.assertEqual(described(name)["name"], name)
            self.assertEqual(described(name)["command"][0], "python3")

    def test_it_announces_itself_runs_skips_and_refuses(self):
        self.each(self.check_conversation)

    def check_conversation(self, name):
        loss, inputs, options, value = EXPECTED[name]
        gradient = next(iter(inputs))
        got = converse(
            name,
            [
                {"command": "start", "protocol": 1},
                run("value", loss, inputs, options, gradients=[gradient]),
                run("float32", loss, inputs, options, dtype="float32"),
                run("skip", "rnnt", {}),
                run("error", loss, inputs, {"nosuch": 1}),
                {"command": "stop"},
            ],
        )
        self.assertEqual(got[0]["implementation"]["name"], name)
        self.assertEqual(got[0]["implementation"]["dtypes"], ["float32", "float64"])
        self.assertEqual([answer.get("id") for answer in got[1:]], ["value", "float32", "skip", "error"])
        self.assertAlmostEqual(got[1]["value"]["data"][0], value, places=6)
        self.assertEqual("skipped" in got[1]["gradients"][gradient], name in VALUES_ONLY)
        self.assertEqual(got[2]["value"]["dtype"], "float32")
        self.assertIn("skipped", got[3])
        self.assertEqual(got[4]["error"]["code"], "BAD_OPTION")
        self.check_schema(got)

    def check_schema(self, answers):
        if importlib.util.find_spec("jsonschema") is None:
            return
        import jsonschema

        schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
        validator = jsonschema.Draft202012Validator({**schema, "oneOf": [{"$ref": "#/$defs/answer"}]})
        for answer in answers:
            validator.validate(answer)

    def test_its_table_has_only_names_of_the_catalogue(self):
        self.each(self.check_table)

    def check_table(self, name):
        catalogue = json.loads((ROOT / "packages/core/catalogue.json").read_text(encoding="utf-8"))
        losses = {loss["id"]: loss for loss in catalogue["losses"]}
        for key, (inputs, options, reductions) in self.table(name).items():
            self.assertIn(key, losses)
            self.assertLessEqual(set(inputs), {entry["name"] for entry in losses[key]["inputs"]}, key)
            self.assertLessEqual(set(options), set(losses[key]["options"]), key)
            self.assertLessEqual(set(reductions), set(losses[key]["reductions"]), key)

    @staticmethod
    def table(name):
        program, *arguments = described(name)["command"][1:]
        code = (
            f"import sys, json; sys.argv = {[program, *arguments]!r}; import {program.removesuffix('.py')} as program\n"
            "print(json.dumps({k: [e.inputs, e.options, e.reductions] for k, e in program.LOSSES.items()}))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=HERE, timeout=300)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    unittest.main()
