"""Minimax coefficients of src/math/f32: python packages/wasm/scripts/f32-minimax.py [name…] (needs mpmath, numpy).

Remez exchange on a Chebyshev grid. Coefficients are rounded to f32 one by one, lowest power first, each time with those
after it fitted again, so that the last ones take up the rounding of the first.
"""

import sys

import mpmath as mp
import numpy as np

mp.mp.dps = 40


def remez(basis, target, tries=100):
    """Coefficients c with max |basis·c - target| least, and that error."""
    points, count = basis.shape
    at = np.unique(np.round((1 - np.cos(np.linspace(0, np.pi, count + 1))) / 2 * (points - 1)).astype(int))
    for _ in range(tries):
        system = np.hstack([basis[at], ((-1.0) ** np.arange(count + 1))[:, None]])
        solution = np.linalg.solve(system, target[at])
        error = target - basis @ solution[:count]
        worst = np.abs(error).max()
        if worst <= abs(solution[count]) * (1 + 1e-6):
            break
        # One extremum for each run of a sign, and of these the best count + 1 neighbours.
        signs = np.sign(error)
        starts = np.flatnonzero(np.diff(signs)) + 1
        peaks = [run[np.argmax(np.abs(error[run]))] for run in np.split(np.arange(points), starts)]
        while len(peaks) > count + 1:
            if len(peaks) == count + 2:
                peaks.pop(0 if abs(error[peaks[0]]) < abs(error[peaks[-1]]) else -1)
            else:
                weakest = int(np.argmin(np.abs(error[peaks])))
                if weakest in (0, len(peaks) - 1):
                    peaks.pop(weakest)
                else:
                    neighbour = max((weakest - 1, weakest + 1), key=lambda k: -abs(error[peaks[k]]))
                    for k in sorted((weakest, neighbour), reverse=True):
                        peaks.pop(k)
        if len(peaks) < count + 1:
            break
        at = np.array(peaks)
    return solution[:count], worst


def fit(function, low, high, count, weight, variable=lambda x: x, fixed=(), points=4001):
    """
    c of Σ c[k]·v^k near function(x), v = variable(x), least max of weight(x)·|difference|; rounded to f32.
    `fixed`: the first coefficients, as given.
    """
    nodes = [(low + high) / 2 + (high - low) / 2 * mp.cos(mp.pi * k / (points - 1)) for k in range(points)][::-1]
    nodes = [x for x in nodes if abs(x) > mp.mpf(10) ** -6]
    weights = np.array([float(weight(x)) for x in nodes])
    values = np.array([float(function(x)) for x in nodes])
    powers = np.array([float(variable(x)) for x in nodes])[:, None] ** np.arange(count)
    known = list(fixed)
    best = None
    while len(known) < count:
        k = len(known)
        rest = values - powers[:, :k] @ np.array(known, dtype=float)
        solution, worst = remez(powers[:, k:] * weights[:, None], rest * weights)
        best = worst if best is None else best
        known.append(float(np.float32(solution[0])))
    final = np.abs((values - powers @ np.array(known)) * weights).max()
    return known, best, final


def exp_rest(x):
    return (mp.exp(x) - 1 - x) / x**2


def log_rest(x):
    return (mp.log1p(x) - x + x * x / 2) / x**3


half = mp.log(2) / 2 * (1 + mp.mpf(2) ** -14)
root = mp.sqrt(mp.mpf(1) / 2)

TASKS = {
    # eʳ = 1 + r + r²·q(r), error relative to the result.
    'exp': lambda: fit(exp_rest, -half, half, 5, lambda x: x * x / mp.exp(x)),
    # log(1 + f) = f - f²/2 + f³·p(f).
    'log': lambda: fit(log_rest, root - 1, 2 * root - 1, 8, lambda x: abs(x**3 / mp.log1p(x))),
    'log7': lambda: fit(log_rest, root - 1, 2 * root - 1, 7, lambda x: abs(x**3 / mp.log1p(x))),
    'log9': lambda: fit(log_rest, root - 1, 2 * root - 1, 9, lambda x: abs(x**3 / mp.log1p(x))),
}

if __name__ == '__main__':
    for name in sys.argv[1:] or TASKS:
        coefficients, exact, rounded = TASKS[name]()
        print(f'{name}: 2^{mp.nstr(mp.log(exact, 2), 4)} unrounded, 2^{mp.nstr(mp.log(rounded, 2), 4)} as f32')
        print('  ' + ', '.join(repr(c) for c in coefficients))
