"""Coefficients of the polynomials in src/math/f64, by Remez's algorithm in mpmath. Run: python f64-minimax.py [name]

Each line is a name and the largest weighted error as a power of two, then the coefficients, lowest first, rounded to f64.
"""

import sys

from mpmath import atan, cos, coth, log, lu_solve, matrix, mp, mpf, sin, sqrt, tanh

mp.dps = 60


def remez(f, degree, low, high, weight):
    """The polynomial of that degree that minimizes max |weight(x)(f(x) − p(x))| on [low, high]."""
    low, high, count = mpf(low), mpf(high), degree + 2
    # Chebyshev points; none at 0, where the weight vanishes.
    points = [(low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * (k + mpf("0.3")) / (count - mpf("0.4"))) for k in range(count)]
    for _ in range(30):
        rows = [[x**i for i in range(degree + 1)] + [(-1) ** k / weight(x)] for k, x in enumerate(points)]
        *coefficients, level = lu_solve(matrix(rows), matrix([f(x) for x in points]))

        def error(x):
            return weight(x) * (f(x) - mp.polyval(coefficients[::-1], x))

        # Between two zeros of the error lies one extremum: look for the largest on a grid, then refine.
        ends = [low] + [mp.findroot(error, (a, b), solver="anderson", tol=1e-70, verify=False) for a, b in zip(points, points[1:])] + [high]
        new = []
        for a, b in zip(ends, ends[1:]):
            for _ in range(12):
                grid = [a + (b - a) * j / 8 for j in range(9)]
                best = max(range(9), key=lambda j: abs(error(grid[j])))
                a, b = grid[max(best - 1, 0)], grid[min(best + 1, 8)]
            new.append((a + b) / 2 if best not in (0, 8) else grid[best])
        points = new
        peaks = [abs(error(x)) for x in points]
        if max(peaks) / min(peaks) < 1.0001:
            break
    return coefficients, max(peaks)


def rational(f, numerator, denominator, low, high):
    """p/q of those degrees, q monic, that is f at the Chebyshev points of [low, high]; and its largest error."""
    count = numerator + denominator + 1
    points = [(low + high) / 2 + (high - low) / 2 * mp.cos(mp.pi * (k + mpf(1) / 2) / count) for k in range(count)]
    rows = [[x**i for i in range(numerator + 1)] + [-f(x) * x**i for i in range(denominator)] for x in points]
    found = list(lu_solve(matrix(rows), matrix([f(x) * x**denominator for x in points])))
    p, q = found[: numerator + 1], [*found[numerator + 1 :], mpf(1)]
    grid = [low + (high - low) * (k + mpf(1) / 2) / 500 for k in range(500)]
    return p, q, max(abs(f(x) - mp.polyval(p[::-1], x) / mp.polyval(q[::-1], x)) for x in grid)


def near_zero(f, series):
    """f, which cancels near 0, from its series there."""
    return lambda x: series(x) if abs(x) < mpf("1e-12") else f(x)


half_ln2 = log(2) / 2 * mpf("1.0001")
s2 = ((sqrt(2) - 1) / (sqrt(2) + 1)) ** 2 * mpf("1.0001")
polynomials = {
    # (r·coth(r/2) − 2)/r², of r²; its error counts r³/2 times in e^r
    "exp": (near_zero(lambda z: (sqrt(z) * coth(sqrt(z) / 2) - 2) / z, lambda z: mpf(1) / 6 - z / 360), 4, 0, half_ln2**2, lambda z: z**1.5 / 2 + mpf("1e-12")),
    # R of log(1 + f) = f − (f²/2 − s(f²/2 + R)), s = f/(2 + f), by z = s²: (log((1+s)/(1−s)) − 2s)/(s z), of z
    "log": (near_zero(lambda z: (log((1 + sqrt(z)) / (1 - sqrt(z))) / sqrt(z) - 2) / z, lambda z: mpf(2) / 3 + z * 2 / 5), 6, 0, s2, lambda z: z + mpf("1e-9")),
}
# r = log((1+s)/(1−s))·3/(2s) − 3 − s², over s⁴; of z = s²
for_pow = near_zero(lambda z: (log((1 + sqrt(z)) / (1 - sqrt(z))) * 3 / 2 / sqrt(z) - 3 - z) / z**2, lambda z: mpf(3) / 5 + z * 3 / 7)
polynomials["pow"] = (for_pow, 7, 0, s2, lambda z: z**2 + mpf("1e-12"))

quarter = (mp.pi / 4) ** 2 * mpf("1.0001")
# (sin x / x − 1)/x² and (cos x − 1 + x²/2)/x⁴, of x²
polynomials["sin"] = (near_zero(lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z, lambda z: -mpf(1) / 6 + z / 120), 5, 0, quarter, lambda z: z + mpf("1e-12"))
polynomials["cos"] = (near_zero(lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2, lambda z: mpf(1) / 24 - z / 720), 5, 0, quarter, lambda z: z**2 + mpf("1e-12"))

# (tanh x / x − 1)/x² where |x| < 0.55, of x²
# and (atan x / x − 1)/x² where |x| <= 1
rationals = {
    "tanh": (lambda z: (tanh(sqrt(z)) / sqrt(z) - 1) / z, 2, 3, mpf(0), mpf("0.3026")),
    "atan": (lambda z: (atan(sqrt(z)) / sqrt(z) - 1) / z, 6, 7, mpf(0), mpf(1)),
}


def row(coefficients):
    return "  [" + ", ".join(repr(float(c)) for c in coefficients) + "]"


if __name__ == "__main__":
    for name in sys.argv[1:] or [*polynomials, *rationals]:
        if name in rationals:
            p, q, error = rational(*rationals[name])
            print(f"{name}: 2^{float(mp.log(error, 2)):.1f}", row(p), row(q), sep="\n")
            continue
        coefficients, error = remez(*polynomials[name])
        print(f"{name}: 2^{float(mp.log(error, 2)):.1f}")
        print(row(coefficients))
