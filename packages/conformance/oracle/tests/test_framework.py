"""The framework's own checks: python -m unittest discover -s tests"""

import sys
import unittest
from pathlib import Path

import jsonschema
from mpmath import mp, mpf

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from isoloss_oracle import schemas  # noqa: E402
from isoloss_oracle.conventions import absolute, maximum, norm, order, relu, weigh  # noqa: E402
from isoloss_oracle.differences import Kink, differentiate  # noqa: E402
from isoloss_oracle.numbers import INF, json_number, to_double  # noqa: E402


def slopes(formula, *point):
    return [float(x) for x in differentiate(formula, [mpf(x) for x in point]).gradient]


class Differences(unittest.TestCase):
    def test_smooth(self):
        found = differentiate(lambda v: mp.exp(v[0]) * v[1], [mpf(2), mpf(3)])
        self.assertEqual([float(x) for x in found.gradient], [float(3 * mp.e**2), float(mp.e**2)])
        self.assertEqual(float(found.second[0, 1]), float(mp.e**2))

    def test_tiny_slope_beside_a_large_value(self):
        [slope] = slopes(lambda v: 700 + mp.log(1 + mp.exp(v[0])), -700)
        self.assertEqual(slope, float(1 / (1 + mp.exp(700))))

    def test_zero_slope_by_cancellation_is_exactly_zero(self):
        [slope] = slopes(lambda v: mp.cos(v[0]) + mp.sin(v[0]) ** 2 / 2, 0)
        self.assertEqual(slope, 0)

    def test_hidden_kinks_are_refused(self):
        for formula in (lambda v: abs(v[0]), lambda v: max(v[0], 0), lambda v: mp.sqrt(v[0] ** 2)):
            with self.assertRaises(Kink):
                slopes(formula, 0)

    def test_limits_at_infinity(self):
        self.assertEqual(slopes(lambda v: 1 / (1 + mp.exp(-v[0])), INF), [0])
        self.assertEqual(slopes(lambda v: v[0] ** 2, -INF), [float("-inf")])
        self.assertEqual(slopes(lambda v: absolute(v[0]), -INF), [-1])


class Conventions(unittest.TestCase):
    def test_kinks(self):
        self.assertEqual(slopes(lambda v: absolute(v[0]), 0), [0])
        self.assertEqual(slopes(lambda v: relu(v[0]), 0), [0])
        self.assertEqual(slopes(lambda v: maximum(v), 2, 2, 1), [0.5, 0.5, 0])
        self.assertEqual(slopes(lambda v: norm(v), 0, 0), [0, 0])
        self.assertEqual(slopes(lambda v: norm(v, INF), 2, -2), [0.5, -0.5])
        self.assertEqual(slopes(lambda v: sum((k + 1) * v[i] for k, i in enumerate(order(v))), 5, 5, 1), [2, 3, 1])

    def test_zero_weight_silences_infinity(self):
        self.assertEqual(differentiate(lambda v: weigh(v[0], INF), [mpf(0)]).value, 0)


class Numbers(unittest.TestCase):
    def test_double_double(self):
        high, low = to_double(mpf(1) / 3)
        self.assertEqual(high, 1 / 3)
        self.assertLess(abs(mpf(high) + mpf(low) - mpf(1) / 3), mpf(10) ** -32)

    def test_json(self):
        cases = {0.1: "0.1", 1e-7: "1e-7", 1e25: "1e25", -0.0: '"-0"', INF: '"Infinity"', 3.0: "3"}
        for number, text in cases.items():
            self.assertEqual(json_number(float(number)), text)
        self.assertEqual(json_number(0.10000000149011612, float32=True), "0.1")


TENSOR = {"dtype": "float32", "shape": [2], "data": [1, "NaN"]}
GOOD = [
    {"command": "start", "protocol": 1},
    {"protocol": 1, "implementation": {"name": "x", "dtypes": ["float32"], "accuracy": {"exp": 2}}},
    {"command": "run", "id": "1", "loss": "l1", "options": {}, "dtype": "float64", "inputs": {"input": TENSOR}},
    {"id": "1", "value": TENSOR, "gradients": {"input": TENSOR, "weight": {"skipped": {"message": "none"}}}},
    {"id": "1", "skipped": {"message": "no CTC", "link": "https://example.org"}},
    {"id": "1", "error": {"code": "LABEL_OUT_OF_RANGE", "message": "…", "input": "target", "index": 3}},
    {"error": {"code": "BAD_REQUEST", "message": "not JSON"}},
    {"command": "stop"},
]
BAD = [
    {"command": "begin"},
    {"id": "1", "error": {"code": "OOPS", "message": ""}},
    {"id": "1", "value": {"dtype": "int32", "shape": [1], "data": [0.5]}},
    {"id": "1", "value": {**TENSOR, "data": ["inf", 1]}},
    {"command": "start"},
]


class Schemas(unittest.TestCase):
    def test_protocol_messages(self):
        validator = jsonschema.Draft202012Validator(schemas.protocol_schema())
        for message in GOOD:
            self.assertTrue(validator.is_valid(message), message)
        for message in BAD:
            self.assertFalse(validator.is_valid(message), message)


if __name__ == "__main__":
    unittest.main()
