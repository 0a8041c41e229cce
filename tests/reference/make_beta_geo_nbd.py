"""Write beta_geo_nbd.json: every number of BG/NBD from 40-digit arithmetic, over the whole domain.

Run from the root of the project (some minutes; faster with gmpy2 installed):

    python tests/reference/make_beta_geo_nbd.py

The formulas are those of Fader, Hardie & Lee (2005) with the expectation over p left as it is, E[f(p)], and computed
by the rule in beta_expectation.py. Each case is a customer, a model and a horizon; times are in years, so that a
continuous rate is per unit of time.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from beta_expectation import expectation
from mpmath import mp, mpf

mp.dps = 40
CDNOW = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
SECONDS = 604_800.0


def log_odds(r: mpf, alpha: mpf, a: mpf, b: mpf, x: mpf, t_x: mpf, T: mpf) -> mpf:
    """Log-odds to be alive at T; infinite for x = 0."""
    if x == 0:
        return mp.inf
    return mp.log((b + x - 1) / a) - (r + x) * mp.log((alpha + T) / (alpha + t_x))


def log_likelihood(r: mpf, alpha: mpf, a: mpf, b: mpf, x: mpf, t_x: mpf, T: mpf) -> mpf:
    """Eq. 6 of the paper, as printed."""
    with mp.workdps(60):
        known = mp.loggamma(r + x) - mp.loggamma(r) + r * mp.log(alpha)
        stays = mp.loggamma(b + x) + mp.loggamma(a + b) - mp.loggamma(b) - mp.loggamma(a + b + x)
        ways = (alpha + T) ** -(r + x) + (a / (b + x - 1) * (alpha + t_x) ** -(r + x) if x > 0 else 0)
        return known + stays + mp.log(ways)


def share(odds: mpf) -> mpf:
    """P of log-odds."""
    if odds == mp.inf:
        return mpf(1)
    return mpf(0) if odds == -mp.inf else 1 / (1 + mp.exp(-odds))


def stays(R: mpf, a: mpf, b: mpf, h: mpf) -> mpf:
    """E[(1 + p h)^-R]."""
    if mp.isinf(h):
        return mpf(0)
    value = expectation(lambda p: (1 + p * h) ** -R, a, b, R, h)
    if max(R, a, b) < 30 and h < 50:
        second = mp.hyp2f1(R, a, a + b, -h)
        if abs(second - value) > mpf(10) ** -20 * value:
            raise ArithmeticError(f"2F1 gives {second}, the integral {value}")
    return value


def leaves(R: mpf, a: mpf, b: mpf, h: mpf) -> mpf:
    """E[1 - (1 + p h)^-R]."""
    return mpf(1) if mp.isinf(h) else expectation(lambda p: -mp.expm1(-R * mp.log1p(p * h)), a, b)


def purchases(R: mpf, a: mpf, b: mpf, h: mpf) -> mpf:
    """E[(1 - (1 + p h)^-R) / p]."""
    if mp.isinf(h):
        return (a + b - 1) / (a - 1) if a > 1 else mp.inf
    return expectation(lambda p: -mp.expm1(-R * mp.log1p(p * h)) / p, a, b)


def discounted(R: mpf, a: mpf, b: mpf, h: mpf, theta: mpf) -> mpf:
    """E[R ∫_0^h e^{-θv} (1 + p v)^-(R+1) dv], the inner integral by E_n(z) = ∫_1^∞ e^{-zt} t^-n dt."""

    def forever(p: mpf) -> mpf:
        z = theta / p
        inner = scaled_expint(R + 1, z)
        if not mp.isinf(h):
            inner -= mp.exp(-theta * h - R * mp.log1p(p * h)) * scaled_expint(R + 1, z + theta * h)
        return R / p * inner

    with mp.workdps(60):
        return expectation(forever, a, b, digits=22)


def scaled_expint(n: mpf, z: mpf) -> mpf:
    """e^z E_n(z); by its continued fraction (DLMF 8.19.17) where that converges fast."""
    if z < 10 and n < 30:
        return mp.exp(z) * mp.expint(n, z)
    with mp.workdps(mp.dps + 10):
        b = z + n
        c, d = mp.inf, 1 / b
        result = d
        for k in range(1, 100_000):
            step = -k * (n - 1 + k)
            b += 2
            d = 1 / (step * d + b)
            c = b + step / c
            result *= c * d
            if abs(c * d - 1) < mpf(10) ** -mp.dps:
                return result
    raise ArithmeticError(f"E_n({n}, {z}) did not converge")


def pmf(n: int, R: mpf, a: mpf, b: mpf, h: mpf) -> mpf:
    """P(n purchases in h | alive): n survived, or left at the n-th (eq. 8 of the paper)."""

    def log_beta(p: mpf, q: mpf) -> mpf:
        return mp.loggamma(p) + mp.loggamma(q) - mp.loggamma(p + q)

    with mp.workdps(60):
        log_z = mp.log(h / (1 + h))
        log_nbd = mp.loggamma(R + n) - mp.loggamma(R) - mp.loggamma(n + 1) - R * mp.log1p(h) + n * log_z
        survived = mp.exp(log_beta(a, b + n) - log_beta(a, b) + log_nbd)
        if n == 0:
            return survived
        log_tail = n * log_z - R * mp.log1p(h) - mp.log(n) - log_beta(mpf(n), R)
        at_least = mp.exp(log_tail) * mp.hyp2f1(n + R, 1, n + 1, h / (1 + h))
        return survived + mp.exp(log_beta(a + 1, b + n - 1) - log_beta(a, b)) * at_least


def case(
    model: dict[str, float],
    rows: tuple[float, float, float],
    t: float,
    n: tuple[int, ...] = (0, 1, 3),
    force: float | None = None,
) -> dict[str, Any]:
    """Inputs and values of one customer."""
    parameters = [mpf(value) for value in model.values()]
    x, t_x, T = map(mpf, rows)
    _, alpha, a, b = parameters
    R, B, A = parameters[0] + x, b + x, alpha + T
    h, odds = mpf(t) / A, log_odds(*parameters, x, t_x, T)
    alive, gone = share(odds), share(-odds)
    values = {
        "log_likelihood": log_likelihood(*parameters, x, t_x, T),
        "p_alive": alive,
        "p_alive_ahead": alive * stays(R, a, B, h),
        "churn_probability": gone + alive * leaves(R, a, B, h),
        "expected_purchases": alive * purchases(R, a, B, h),
        "probability_of_purchase": alive * (1 if mp.isinf(h) else -mp.expm1(-R * mp.log1p(h))),
    }
    if not mp.isinf(h):
        values |= {f"pmf {k}": alive * pmf(k, R, a, B, h) + (gone if k == 0 else 0) for k in n}
    if force is not None:
        values["discounted"] = alive * discounted(R, a, B, h, mpf(force) * A)
        values["discounted forever"] = alive * discounted(R, a, B, mp.inf, mpf(force) * A)
    return {
        "model": model,
        "rows": rows,
        "t": t,
        "force": force,
        "values": {name: float(mp.nstr(value, 20)) for name, value in values.items()},
    }


def later(model: dict[str, float], rows: tuple[float, float, float], t: float, after: float, n: int) -> dict[str, Any]:
    """Inputs and values of one customer in the interval (T + after, T + after + t]."""
    parameters = [mpf(value) for value in model.values()]
    x, t_x, T = map(mpf, rows)
    r, alpha, a, b = parameters
    R, B, f, h = r + x, b + x, mpf(after) / (alpha + T), mpf(t) / (alpha + T)
    odds = log_odds(*parameters, x, t_x, T)
    alive, gone = share(odds), share(-odds)

    def within(p: mpf) -> mpf:
        return h / (1 + p * f)

    def stayed(p: mpf) -> mpf:
        return (1 + p * f) ** -R

    def average(g: Callable[[mpf], mpf], more: int = 0) -> mpf:
        return expectation(lambda p: stayed(p) * g(p), a + (more > 0), B + max(more - 1, 0), R, f)

    purchases = average(lambda p: -mp.expm1(-R * mp.log1p(p * within(p))) / p)
    buys = average(lambda p: -mp.expm1(-R * mp.log1p(within(p))))
    none = leaves(R, a, B, f) + average(lambda p: (1 + within(p)) ** -R)
    some = average(lambda p: (1 - p) ** n * negative_binomial(n, R, within(p)))
    chosen = mp.beta(a + 1, B + n - 1) / mp.beta(a, B)
    some += chosen * average(lambda p: at_least(n, R, within(p)), more=n)
    values = {
        "log_likelihood": log_likelihood(*parameters, x, t_x, T),
        "p_alive": alive,
        "later purchases": alive * purchases,
        "later buys": alive * buys,
        "later none": gone + alive * none,
        "later some": alive * some,
    }
    found = {name: float(mp.nstr(value, 20)) for name, value in values.items()}
    return {"model": model, "rows": rows, "t": t, "force": None, "after": after, "n": n, "values": found}


def negative_binomial(n: int, R: mpf, h: mpf) -> mpf:
    """P(N = n)."""
    return mp.rf(R, n) / mp.factorial(n) * (h / (1 + h)) ** n * (1 + h) ** -R


def at_least(n: int, R: mpf, h: mpf) -> mpf:
    """P(N >= n)."""
    with mp.workdps(400):
        chance, total = (1 + h) ** -R, mpf(0)
        for k in range(n):
            total += chance
            chance *= (R + k) / (k + 1) * h / (1 + h)
        return 1 - total


def intervals(seed: int, number: int) -> list[dict[str, Any]]:
    """Customers in later intervals: a third as they are met, the others from the whole domain."""
    rng = np.random.default_rng(seed)

    def between(low: float, high: float) -> float:
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    ann, new = (2.0, 30.43, 38.86), (0.0, 0.0, 0.0)
    cases = [later(CDNOW, rows, 39.0, after, 1) for rows in (ann, new) for after in (1e-10, 39.0, 1e6)]
    cases += [later(CDNOW | {"a": a}, ann, t, 26.0, 2) for a in (1.0, 1 + 1e-9, 50.0) for t in (1e-10, 1e6)]
    cases.append(later(CDNOW, (1e4, 9999.0, 1e4), 39.0, 1000.0, 10))
    cases.append(later(CDNOW, (1e4, 1e-3, 1e-3), 1e-4, 1e-3, 7))
    while len(cases) < number:
        met = len(cases) % 3 == 0
        limits = [(0.05, 10), (0.05, 5000), (0.05, 10), (0.05, 10)] if met else [(1e-2, 1e4)] * 4
        model = dict(zip(["r", "alpha", "a", "b"], (between(*limit) for limit in limits), strict=True))
        T = between(1, 2000) if met else between(1e-3, 1e6)
        x = float(int(between(1, 1500) if met else between(1, 10_000))) if rng.random() < 0.8 else 0.0
        t_x = T * (1.0 if rng.random() < 0.2 else 1 - between(1e-8, 1)) if x else 0.0
        if log_odds(*map(mpf, model.values()), mpf(x), mpf(t_x), mpf(T)) < -600:
            continue
        t, after = (between(0.01, 10) * (model["alpha"] + T) if met else between(1e-10, 1e6) for _ in range(2))
        cases.append(later(model, (x, t_x, T), t, after, int(between(1, 40))))
    return cases


def named() -> list[dict[str, Any]]:
    """Inputs on which other libraries fail, and the limits of the domain."""
    ann, new = (2.0, 30.43, 38.86), (0.0, 0.0, 0.0)
    one, near, below = CDNOW | {"a": 1.0}, CDNOW | {"a": 1 + 1e-9}, {"r": 0.11, "alpha": 2.24, "a": 0.31, "b": 0.5}
    seconds = CDNOW | {"alpha": 4.414 * SECONDS}
    return [
        *(case(CDNOW, rows, 39.0, force=0.002) for rows in (ann, new, (0.0, 0.0, 38.86), (26.0, 30.0, 30.0))),
        *(case(model, rows, 39.0, force=0.01) for model in (one, near) for rows in (ann, new, (0.0, 0.0, 39.0))),
        case(CDNOW, (1e4, 9999.0, 1e4), 39.0, force=0.1),
        case(CDNOW, (1e4, 38.0, 38.5), 39.0),
        case(CDNOW, (100.0, 10.0, 1e5), 39.0),
        case(CDNOW, (1e4, 1e-3, 1e-3), 1e-3, n=(0, 5, 10_000)),
        case(below, (0.0, 0.0, 1.0), 30.0, force=0.05),
        case(below | {"b": 0.69}, (0.0, 0.0, 1.0), 30.0, force=0.05),
        case(below | {"b": 0.69}, (1.0, 0.5, 1.0), 30.0, force=0.05),
        *(case(CDNOW, rows, t) for rows in (ann, new) for t in (1e-10, 1e8)),
        *(case(CDNOW | {"a": 1.793}, rows, np.inf) for rows in (ann, new)),
        case(one, new, np.inf),
        case(CDNOW, new, 1000.0, n=(170, 171, 172, 2000)),
        case(seconds, (2.0, 30.43 * SECONDS, 38.86 * SECONDS), 39 * SECONDS, force=1e-9),
        case({"r": 1e4, "alpha": 1e4, "a": 1e4, "b": 1e4}, (50.0, 40.0, 60.0), 100.0, force=0.01),
        case({"r": 1e-2, "alpha": 1e-2, "a": 1e-2, "b": 1e-2}, (1.0, 1e-3, 1e6), 1e6, force=1e-6),
        case({"r": 1.155, "alpha": 1.0, "a": 8574.0, "b": 0.152}, (0.0, 0.0, 0.0), 1e5, force=7e-10),
        case({"r": 1e-2, "alpha": 1e4, "a": 1e-2, "b": 1e4}, (0.0, 0.0, 0.0), 1.0, force=10.0),
        case({"r": 1e4, "alpha": 1e-2, "a": 1e-2, "b": 1e4}, (10_000.0, 0.01, 0.01), 0.02, n=(0, 10_000)),
    ]


def drawn(seed: int, number: int) -> list[dict[str, Any]]:
    """Random customers and models: a third as they are met, the others from the whole domain."""
    rng = np.random.default_rng(seed)

    def between(low: float, high: float) -> float:
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    cases = []
    while len(cases) < number:
        met = len(cases) % 3 == 0
        r, alpha, a, b = (
            between(*limits)
            for limits in ([(0.05, 10), (0.05, 5000), (0.05, 10), (0.05, 10)] if met else [(1e-2, 1e4)] * 4)
        )
        if len(cases) % 5 == 1:
            a = [1.0, 1 + 1e-9, 1 - 1e-12][len(cases) % 3]
        T = between(1, 2000) if met else between(1e-3, 1e6)
        x = float(int(between(1, 1500) if met else between(1, 10_000))) if rng.random() < 0.8 else 0.0
        t_x = T * (1.0 if rng.random() < 0.2 else 1 - between(1e-8, 1)) if x else 0.0
        model = {"r": r, "alpha": alpha, "a": a, "b": b}
        if log_odds(*map(mpf, model.values()), mpf(x), mpf(t_x), mpf(T)) < -600:
            continue
        t = between(0.1, 10) * (alpha + T) if len(cases) % 2 else between(1e-6, 1e6)
        force = between(1e-2, 10) / t if len(cases) % 4 == 1 else None
        cases.append(case(model, (x, t_x, T), t, (0, 1, 2, int(between(3, 1000))), force))
    return cases


if __name__ == "__main__":
    path = Path(__file__).with_suffix(".json").with_stem("beta_geo_nbd")
    lines = ",\n".join(json.dumps(one) for one in named() + drawn(2005, 90) + intervals(2026, 34))
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
