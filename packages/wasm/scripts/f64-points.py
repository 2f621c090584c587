"""Points where src/math/f64 could go wrong, with exact values: writes test/math-f64.json. Run: python f64-points.py

For each function a flat list of x, y, rest: the exact value is (y + rest·ulp(y)), y being the f64 nearest to it. For pow the
key is pow:exponent. Points stand in every exponent, at both sides of each seam of the algorithms, and where a search with
scripts/f64-ulp.mjs found the largest errors. Overflow and underflow to 0 are left to the test.
"""

import json
import math
import random
from pathlib import Path

from mpmath import atan, cos, exp, expm1, log, log1p, mp, mpf, sin, tanh

mp.prec = 1400
random.seed(1)

largest = math.ldexp(2 - 2**-52, 1023)
exponents = [math.ldexp(1 + random.random(), e) for e in [*range(-1070, 1024, 43), *range(-60, 11, 2)]]
signed = [s * x for x in exponents for s in (1, -1)] + [5e-324, -5e-324, largest, -largest, 2.0**-1022, -(2.0**-1022)]


def beside(*centers):
    return [x for c in centers for x in (math.nextafter(c, -math.inf), c, math.nextafter(c, math.inf))]


ln2 = math.log(2)
seams = beside(*[(k + 0.5) * ln2 for k in (-1075, -1024, -1023, -1022, -700, -55, -53, -3, -2, -1, 0, 1, 2, 51, 52, 53, 54, 300, 1022, 1023)])
powers = beside(*[math.sqrt(0.5) * 2.0**k for k in (-1022, -500, -1, 0, 1, 2, 500, 1023)], 1.0, 2.0**-1022, 2.0**-1021)
quarters = beside(*[k * math.pi / 4 for k in (1, 2, 3, 4, 5, 7, 58, 116, 1001, 99999, 127324, 254647, 10**9 + 1)], 2e5, 45.553093477052, 1.4e9)
turns = [s * x for x in quarters for s in (1, -1)] + [6381956970095103 * 2.0**797, 1e22, 2.0**1023]
uniform = [random.uniform(-3, 3) for _ in range(30)]

functions = {
    "exp": (exp, signed + seams + uniform + [-745.13, -744.5, -708.4, -720.25, 709.78, 709.4, 709.782712893384, -12.822048194538315, -704.5781304759588, 12.130125263338925]),
    "expm1": (expm1, signed + seams + uniform + [709.78, -37.5, 37.42994775023705, 0.34707562533064057, 37.107721989478414, 37.08360568864358]),
    "log": (log, [abs(x) for x in signed] + powers + [abs(x) for x in uniform] + beside(0.99, 1.01) + [1.3985395457271166, 0.70645806885799922]),
    "log1p": (log1p, signed + powers + [x - 1 for x in powers] + uniform + beside(-1.0, 2.0**53, 2.0**100) + [0.42110279643892251, -0.2930811664093983]),
    "sin": (sin, signed + turns + uniform + [-0.78650978768487101, 0.83061240901236033]),
    "cos": (cos, signed + turns + uniform + [3.0079097128064547e220, -19.612853345235408]),
    "atan": (atan, signed + uniform + beside(1.0, -1.0, 0.5, 2.0) + [1.0561508944108637, 1.0288238894448305]),
    "tanh": (tanh, signed + [x / 2 for x in seams] + uniform + beside(0.55, -0.55, 20.0) + [0.55000923669191482, 0.5533456390477598]),
    "sigmoid": (lambda x: 1 / (1 + exp(-x)), signed + seams + [-x for x in seams] + uniform + [-745.13, -709.78, 36.7, 36.9, -36.749635807891082, -1.1018570151360683]),
    "softplus": (lambda x: log1p(exp(-abs(x))) + max(x, 0), signed + seams + uniform + [-745.13, -708.4, -0.43358687896257164, 7.9254980290320696e-06, 0.0000029489758700250633, -0.8362578028006378]),
}
pow_exponents = [0.25, 0.5, 0.7, 0.75, 1 / 3, 1.5, 2, 2.2, 2.5, 3, 4, 5, 10.5, 100, 1e5, 1e-3, -0.1, -0.5, -1, -1.5, -2, -3, -100]
for e in pow_exponents:
    width = 1070 / abs(e)
    bases = [2.0 ** min(1023.9, max(-1073, random.uniform(-width, width))) for _ in range(20)] + [random.uniform(0.5, 2) for _ in range(10)]
    edges = [1.0, math.nextafter(1, 2), math.nextafter(1, 0), 5e-324, 3e-310, largest]
    functions[f"pow:{e!r}"] = (lambda x, e=e: x ** mpf(e), bases + edges + beside(math.sqrt(0.5), math.sqrt(2)))


def row(f, x):
    if f is log1p and x <= -1 or f is log and x <= 0:
        return []
    # Beyond these a result is a constant, an overflow or 0; mpmath would take its time.
    if f not in (log, log1p, sin, cos, atan) and abs(x) > 1e4 and not f.__defaults__:
        return []
    exact = f(mpf(x))
    y = float(exact)
    if y == 0 or math.isinf(y):
        return []
    return [x, y, round(float((exact - mpf(y)) / mpf(math.ulp(y))), 4)]


if __name__ == "__main__":
    table = {name: [v for x in dict.fromkeys(xs) for v in row(f, x)] for name, (f, xs) in functions.items()}
    lines = [f'  "{name}": {json.dumps(values)}' for name, values in table.items()]
    target = Path(__file__).parent.parent / "test" / "math-f64.json"
    target.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print({name: len(values) // 3 for name, values in table.items()}, target.stat().st_size)
