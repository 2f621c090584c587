"""What a loss file may hold, and what is said of one that is wrong."""

import json
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from isoloss_oracle.generate import Request, generate  # noqa: E402

GOOD = """
from isoloss_oracle.cases import case
from isoloss_oracle.conventions import relu
from isoloss_oracle.regression import difference_loss, pair

CASES = [
    case("steps", pair([1, 3], [0, 0.5]), reduction="none", near=[1, 6.25]),
    case("mean", pair([1, 3], [0, 0.5])),
]
LOSS = difference_loss("own", "nobody 2020", lambda x, y, o: (x - y) ** 2, cases=CASES)
"""


class Generate(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.vectors = self.folder / "vectors" / "own.json"

    def run_on(self, text, name="own.py", **more):
        """(exit code, what was reported) of a loss file of this text."""
        path = self.folder / name
        if text is not None:
            path.write_text(text, encoding="utf-8")
        reports = []
        request = Request(self.folder / "vectors", self.folder / "ledger.json", **more)
        bad = generate([path], request, lambda **facts: reports.append(facts))
        return bad, [one for one in reports if "progress" not in one]

    def problem(self, text, **more):
        bad, [report] = self.run_on(text, **more)
        self.assertTrue(bad)
        return report["problem"]

    def test_writes_then_agrees(self):
        bad, [report] = self.run_on(GOOD)
        self.assertEqual((bad, report["state"], report["cases"]), ([], "written", 2))
        vectors = json.loads(self.vectors.read_text())
        self.assertEqual([case["id"] for case in vectors["cases"]], ["own/0001", "own/0002"])
        self.assertEqual(vectors["cases"][0]["expected"]["gradients"]["input"]["data"], [2, 5])
        self.assertEqual(self.run_on(GOOD, check=True)[1][0]["state"], "same")
        self.assertEqual(self.run_on(GOOD)[1][0]["state"], "same")

    def test_check_writes_nothing(self):
        self.run_on(GOOD)
        before = self.vectors.read_bytes()
        bad, [report] = self.run_on(GOOD.replace("** 2", "** 4").replace("near=[1, 6.25]", ""), check=True)
        self.assertEqual((bad, report["state"]), ([str(self.vectors)], "differs"))
        self.assertEqual(self.vectors.read_bytes(), before)

    def test_a_case_changes_only_before_its_release(self):
        self.run_on(GOOD)
        changed = GOOD.replace("[1, 3]", "[2, 3]").replace("near=[1, 6.25]", "")
        self.assertEqual(
            self.problem(changed),
            "own: cases would change: steps, mean. Give a changed case a new key and list the old one in `withdrawn`, "
            "or before it is released use --rewrite",
        )
        self.assertEqual(self.run_on(changed, rewrite=True)[0], [])
        ledger = json.loads((self.folder / "ledger.json").read_text())
        (self.folder / "ledger.json").write_text(json.dumps({**ledger, "released": ["own"]}))
        self.assertIn("cases would change: steps, mean.", self.problem(GOOD, rewrite=True))
        kept = changed.replace('"steps"', '"other"').replace("CASES)", 'CASES)\nLOSS.withdrawn["steps"] = "was wrong"')
        self.assertEqual(self.run_on(kept)[0], [])
        self.assertEqual(json.loads(self.vectors.read_text())["withdrawn"][0]["id"], "own/0001")
        self.assertEqual(json.loads((self.folder / "ledger.json").read_text())["ids"]["own"]["other"], 3)

    def test_what_is_wrong_with_a_file(self):
        self.assertEqual(self.problem(None), "there is no such file")
        self.assertEqual(self.problem("x = = 1"), "line 1: SyntaxError: invalid syntax")
        self.assertEqual(self.problem("\n\nx = nope"), "line 3: NameError: name 'nope' is not defined")
        self.assertEqual(self.problem("LOSS = 1"), "it has no LOSS = Loss(…)")

    def test_what_is_wrong_with_a_formula(self):
        wrong = self.problem(GOOD.replace("(x - y) ** 2", "nope"))
        self.assertEqual(wrong, "own steps and 1 more: line 10: NameError: name 'nope' is not defined")
        published = self.problem(GOOD.replace("6.25", "6.5"))
        self.assertEqual(published, "own steps: value is [1.0, 6.25], published [1, 6.5]")
        hidden = self.problem(GOOD.replace("(x - y) ** 2", "max(x - y, 1)").replace("near=[1, 6.25]", ""))
        self.assertRegex(hidden, r"own steps and 1 more: Kink: it has a kink at its input 0 = 1\.0, and chose a side")
        tie = self.problem(GOOD.replace("(x - y) ** 2", "relu(x - y - 1)").replace("near=[1, 6.25]", ""))
        self.assertRegex(tie, "own steps and 1 more: it rests on a tie .* give it the flag kink or tie")
        twice = self.problem(GOOD.replace('"mean"', '"steps"'))
        self.assertEqual(twice, "own: a key twice: steps")

    def test_libraries_that_are_not_there(self):
        check = 'from isoloss_oracle.crosscheck import Check\nLOSS.checks.append(Check("no-such-library", "f", None))'
        self.assertIn("its cross-checks need no-such-library, which this Python has not", self.problem(GOOD + check))
        self.assertEqual(self.run_on(GOOD + check, crosscheck=False)[0], [])

    def test_a_helper_beside_it(self):
        (self.folder / "_shared.py").write_text("def square(x):\n    return x * x\n")
        text = GOOD.replace("(x - y) ** 2", "square(x - y)")
        self.assertEqual(self.run_on(f"from _shared import square\n{text}")[0], [])


if __name__ == "__main__":
    unittest.main()
