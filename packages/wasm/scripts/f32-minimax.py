"""Minimax coefficients of src/math/f32: python packages/wasm/scripts/f32-minimax.py [name…] (needs mpmath, scipy).

A linear program on a Chebyshev grid. Coefficients are rounded to f32 one by one, lowest power first, each time with those
after it fitted again, so that the last ones take up the rounding of the first.
"""

import sys

import mpmath as mp
import numpy as np
from scipy.optimize import linprog

mp.mp.dps = 40


def minimax(basis, target):
    """Coefficients c with max |basis·c - target| least, and that error."""
    # An orthogonal basis and a residual of size 1 keep the linear program within the solver's tolerances.
    q, r = np.linalg.qr(basis)
    start = q.T @ target
    residual = target - q @ start
    scale = np.abs(residual).max()
    count = basis.shape[1]
    ones = np.ones((len(target), 1))
    q = q * np.sqrt(len(target))
    bounds = np.concatenate([residual, -residual]) / scale
    program = linprog(
        np.append(np.zeros(count), 1),
        A_ub=np.vstack([np.hstack([q, -ones]), np.hstack([-q, -ones])]),
        b_ub=bounds,
        bounds=[(None, None)] * (count + 1),
        method='highs-ds',
    )
    solution = np.linalg.solve(r, start + program.x[:count] * scale * np.sqrt(len(target)))
    return solution, np.abs(target - basis @ solution).max()


def fit(function, low, high, count, weight, variable=lambda x: x, single=True, points=1501):
    """
    c of Σ c[k]·v^k near function(x), v = variable(x), least max of weight(x)·|difference|; rounded to f32,
    or to f64 if not `single`.
    """
    nodes = [(low + high) / 2 + (high - low) / 2 * mp.cos(mp.pi * k / (points - 1)) for k in range(points)][::-1]
    nodes = [x for x in nodes if abs(x) > mp.mpf(10) ** -6]
    weights = np.array([float(weight(x)) for x in nodes])
    values = np.array([float(function(x)) for x in nodes])
    powers = np.array([float(variable(x)) for x in nodes])[:, None] ** np.arange(count)
    known = []
    best = None
    while len(known) < count:
        k = len(known)
        rest = values - powers[:, :k] @ np.array(known, dtype=float)
        solution, worst = minimax(powers[:, k:] * weights[:, None], rest * weights)
        best = worst if best is None else best
        known.append(float(np.float32(solution[0]) if single else solution[0]))
    final = np.abs((values - powers @ np.array(known)) * weights).max()
    return known, best, final


def exp_rest(x):
    return (mp.exp(x) - 1 - x) / x**2


def log_rest(x):
    return (mp.log1p(x) - x + x * x / 2) / x**3


def unit_log_rest(x):
    return (mp.log1p(x) - x) / x**2


def tanh_rest(x):
    return (mp.tanh(x) - x) / x**3


def atan_rest(x):
    return (mp.atan(x) - x) / x**3


def sine(x):
    return mp.sin(x) / x


def log2_of_quotient(s):
    return 2 * mp.atanh(s) / s / mp.log(2)


half = mp.log(2) / 2 * (1 + mp.mpf(2) ** -14)
root = mp.sqrt(mp.mpf(1) / 2)


def square(x):
    return x * x


TASKS = {
    # eʳ = 1 + r + r²·q(r), error relative to the result.
    'exp': lambda: fit(exp_rest, -half, half, 5, lambda x: x * x / mp.exp(x)),
    # log(1 + f) = f - f²/2 + f³·p(f).
    'log': lambda: fit(log_rest, root - 1, 2 * root - 1, 8, lambda x: abs(x**3 / mp.log1p(x))),
    # The same on the interval of expm1, ln ¾ <= r <= ln 3/2.
    'expm1': lambda: fit(exp_rest, mp.log(0.7499), mp.log(1.5001), 5, lambda x: x * x / mp.exp(x)),
    # log(1 + t) = t + t²·p(t), 0 <= t <= 1.
    'softplus': lambda: fit(unit_log_rest, mp.mpf(0), mp.mpf(1), 9, lambda x: x**2 / mp.log1p(x)),
    # tanh x = x + x³·p(x²), |x| <= 0.8.
    'tanh': lambda: fit(tanh_rest, mp.mpf(0), mp.mpf(0.8), 6, lambda x: x**3 / mp.tanh(x), square),
    # atan x = x + x³·p(x²), |x| <= 1.
    'atan': lambda: fit(atan_rest, mp.mpf(0), mp.mpf(1), 9, lambda x: x**3 / mp.atan(x), square),
    # In f64: log₂((1 + s)/(1 − s)) = s·p(s²); sin r = r·p(r²) and cos r = p(r²), |r| <= π/4.
    'pow': lambda: fit(log2_of_quotient, mp.mpf(0), (root - 1) / (root + 1) * -1, 5, lambda s: 1, square, False),
    'sin': lambda: fit(sine, mp.mpf(0), mp.pi / 4, 5, lambda r: 1, square, False),
    'cos': lambda: fit(mp.cos, mp.mpf(0), mp.pi / 4, 5, lambda r: 1, square, False),
}

if __name__ == '__main__':
    for name in sys.argv[1:] or TASKS:
        coefficients, exact, rounded = TASKS[name]()
        print(f'{name}: 2^{mp.nstr(mp.log(exact, 2), 4)} unrounded, 2^{mp.nstr(mp.log(rounded, 2), 4)} as f32')
        print('  ' + ', '.join(repr(c) for c in coefficients))
