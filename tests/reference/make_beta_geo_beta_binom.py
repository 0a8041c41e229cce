"""Write beta_geo_beta_binom.json: every number of BG/BB from 50-digit arithmetic, over the whole domain.

Run from the root of the project (two minutes; faster with gmpy2 installed):

    python tests/reference/make_beta_geo_beta_binom.py

The formulas are the finite sums of Fader, Hardie & Shang (2010), term by term; endless sums are continued until they
have settled, or taken from mpmath's 3F2 (only where parameters are moderate: it is confidently wrong for large ones, as
its 2F1 is). Each case is a customer, a model and a number of opportunities ahead, one per year, so that a continuous
rate is per opportunity.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from mpmath import mp, mpf

mp.dps = 50
PAPER = {"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783}
NAMES = tuple(PAPER)


def survivors(a: mpf, b: mpf) -> Iterator[mpf]:
    """E[(1 - θ)^k], θ ~ Beta(a, b), for k = 0, 1, 2, ..."""
    value, k = mpf(1), 0
    while True:
        yield value
        value *= (b + k) / (a + b + k)
        k += 1


def survivor(a: mpf, b: mpf, k: float) -> mpf:
    """The same for any k, in gamma functions."""
    if mp.isinf(k):
        return mpf(0)
    with mp.workdps(80):
        return mp.exp(mp.loggamma(b + k) + mp.loggamma(a + b) - mp.loggamma(b) - mp.loggamma(a + b + k))


def ways(model: list[mpf], x: int, t_x: int, n: int) -> tuple[mpf, mpf, mpf]:
    """Eq. 5 of the paper: its factor for the purchases until t_x, its first term over that, and its sum over that."""
    alpha, beta, gamma, delta = model
    until = mp.beta(alpha + x, beta + t_x - x) / mp.beta(alpha, beta) * survivor(gamma, delta, t_x)
    passes, stays = survivors(alpha + x, beta + t_x - x), survivors(gamma, delta + t_x)
    gone = mpf(0)
    for i in range(n - t_x):
        gone += next(passes) * next(stays) * gamma / (gamma + delta + t_x + i)
    return until, next(passes) * next(stays), gone


def sum_of_survivors(a: mpf, b: mpf, t: float, force: float) -> mpf:
    """Σ e^{-force k} E[(1 - θ)^k] over 1 <= k <= t."""
    if force == 0 and t > 10_000:
        if a == 1:
            return mp.inf if mp.isinf(t) else b * (mp.psi(0, b + 1 + t) - mp.psi(0, b + 1))
        if mp.isinf(t):
            return b / (a - 1) if a > 1 else mp.inf
        with mp.workdps(80):
            return b / (a - 1) * (1 - mp.gammaprod([b + 1 + t, a + b], [b + 1, a + b + t]))
    v, power, total = mp.exp(-mpf(force)), mpf(1), mpf(0)
    each = survivors(a, b)
    next(each)
    for _ in range(int(min(t, 2 * 10**6))):
        power *= v
        total += power * next(each)
        if force > 0 and power < mpf(10) ** -40:
            return total
    if t > 2 * 10**6:
        raise ArithmeticError("the sum did not settle")
    return total


def buys(A: mpf, B: mpf, g: mpf, d: mpf, t: float) -> mpf:
    """P(a purchase at one of t opportunities), by when the first is."""
    if mp.isinf(t):
        return A / (A + B) * d / (g + d) * mp.hyp3f2(1, B, d + 1, A + B + 1, g + d + 1, 1)
    passes, stays, total = survivors(A, B), survivors(g, d), mpf(0)
    next(stays)
    for j in range(int(t)):
        total += next(passes) * A / (A + B + j) * next(stays)
    return total


def pmf(k: int, A: mpf, B: mpf, g: mpf, d: mpf, t: float) -> mpf:
    """P(k purchases at t opportunities), by when the customer leaves (eq. 8 and 9 of the paper)."""
    bought, stays = mp.rf(A, k) / mp.rf(A + B, k), survivor(g, d, k)
    if mp.isinf(t):
        return bought * stays * g / (g + d + k) * mp.hyp3f2(k + 1, B, d + k, A + B + k, g + d + k + 1, 1)
    if k > t:
        return mpf(0)
    total = mpf(0)
    for i in range(k, int(t)):
        total += bought * stays * g / (g + d + i)
        bought *= mpf(i + 1) / (i + 1 - k) * (B + i - k) / (A + B + i)
        stays *= (d + i) / (g + d + i)
    return total + bought * stays


def case(
    model: dict[str, float],
    rows: tuple[int, int, int],
    t: float,
    n: tuple[int, ...] = (0, 1, 3),
    force: float | None = None,
) -> dict[str, Any]:
    """Inputs and values of one customer."""
    parameters = [mpf(value) for value in model.values()]
    alpha, beta, gamma, delta = parameters
    x, _, now = rows
    until, stayed, left = ways(parameters, *rows)
    alive, gone = stayed / (stayed + left), left / (stayed + left)
    A, B, g, d = ahead = alpha + x, beta + now - x, gamma, delta + now
    rate = alive * A / (A + B)

    def raised(i: int) -> mpf:
        more = [value + (j == i) for j, value in enumerate(parameters)]
        above, *both = ways(more, *rows)
        return above * sum(both) / (until * (stayed + left))

    values: dict[str, mpf] = {
        "log_likelihood": mp.log(until * (stayed + left)),
        "p_alive": alive,
        "gone": gone,
        "p_alive_ahead": alive * survivor(g, d, t),
        "churn_probability": gone + alive * (1 - survivor(g, d, t)),
        "expected_purchases": rate * sum_of_survivors(g, d, t, 0.0),
        "purchase_rate": alpha / (alpha + beta) * raised(0),
        "drop_out": gamma / (gamma + delta) * raised(2),
    }
    if t < 10_000 or (mp.isinf(t) and max(parameters) < 10):
        values["probability_of_purchase"] = alive * buys(*ahead, t)
        values |= {f"pmf {k}": alive * pmf(k, *ahead, t) + (gone if k == 0 else 0) for k in n}
    if force is not None:
        values["discounted"] = rate * sum_of_survivors(g, d, t, force)
    if force is not None and force > 0:
        values["discounted forever"] = rate * sum_of_survivors(g, d, mp.inf, force)
    return {
        "model": model,
        "rows": rows,
        "t": t,
        "force": force,
        "values": {name: float(mp.nstr(value, 20)) for name, value in values.items()},
    }


def later(model: dict[str, float], rows: tuple[int, int, int], t: int, after: int, k: int) -> dict[str, Any]:
    """Inputs and values of one customer at opportunities n + after + 1, ..., n + after + t, term by term."""
    parameters = [mpf(value) for value in model.values()]
    alpha, beta, gamma, delta = parameters
    x, _, now = rows
    until, stayed, left = ways(parameters, *rows)
    alive, gone = stayed / (stayed + left), left / (stayed + left)
    A, B, g, d = alpha + x, beta + now - x, gamma, delta + now
    each = survivors(g, d)
    for _ in range(after):
        next(each)
    stays = [next(each) for _ in range(t + 1)]
    passes = survivors(A, B)
    buys = sum((next(passes) * A / (A + B + j) * stays[j + 1] for j in range(t)), mpf(0))
    some, bought = mpf(0), mp.rf(A, k) / mp.rf(A + B, k)
    for i in range(k, t + 1):
        some += bought * (stays[i] * g / (g + d + after + i) if i < t else stays[i])
        bought *= mpf(i + 1) / (i + 1 - k) * (B + i - k) / (A + B + i)
    if k == 0:
        some += 1 - stays[0]
    values = {
        "log_likelihood": mp.log(until * (stayed + left)),
        "p_alive": alive,
        "later purchases": alive * A / (A + B) * sum(stays[1:], mpf(0)),
        "later buys": alive * buys,
        "later pmf": alive * some + (gone if k == 0 else 0),
    }
    found = {name: float(mp.nstr(value, 20)) for name, value in values.items()}
    return {"model": model, "rows": rows, "t": t, "force": None, "after": after, "k": k, "values": found}


def intervals(seed: int, number: int) -> list[dict[str, Any]]:
    """Customers in later intervals: a third as they are met, the others from the whole domain."""
    rng = np.random.default_rng(seed)

    def between(low: float, high: float) -> float:
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    cases = [later(PAPER, rows, 5, s, k) for rows in ((2, 4, 6), (0, 0, 0)) for s in (1, 10**4) for k in (0, 2)]
    while len(cases) < number:
        met = len(cases) % 3 == 0
        model = {name: between(0.1, 30) if met else between(1e-2, 1e4) for name in NAMES}
        now = int(between(1, 1001))
        t_x = int(rng.integers(0, now + 1))
        x = int(rng.integers(1, t_x + 1)) if t_x else 0
        _, stayed, left = ways([mpf(value) for value in model.values()], x, t_x, now)
        if stayed / (stayed + left) < mpf(10) ** -250:
            continue
        t, after = int(between(1, 1000)), int(between(1, 10_000))
        cases.append(later(model, (x, t_x, now), t, after, int(rng.integers(0, min(t, 20) + 1))))
    return cases


def with_(**changes: float) -> dict[str, float]:
    return PAPER | changes


def named() -> list[dict[str, Any]]:
    """Inputs on which other libraries fail, and the limits of the domain."""
    ann, new, all_bought, long = (2, 4, 6), (0, 0, 0), (6, 6, 6), (1000, 1000, 1000)
    one, near = with_(gamma=1.0), with_(gamma=1 + 1e-9)
    return [
        *(case(PAPER, rows, 5, force=0.1) for rows in (ann, new, all_bought, (0, 0, 6), (1, 6, 6), (1, 1, 1000))),
        *(case(model, rows, t, force=0.1) for model in (one, near) for rows in (ann, new) for t in (1, 5, 1000)),
        *(case(model, ann, t) for model in (one, near, with_(gamma=1 - 1e-12)) for t in (1e6, 1e12, np.inf)),
        *(case(PAPER, rows, 1000, force=0.1) for rows in (long, (500, 1000, 1000), (500, 700, 1000), (10, 20, 1000))),
        case(with_(gamma=1.0), long, 52, force=1e-3),
        case(with_(gamma=1.793), ann, np.inf),
        case(PAPER, ann, np.inf, n=(0, 1, 3, 10)),
        case(with_(gamma=2.5, delta=8.0), new, np.inf, n=(0, 1, 3, 10)),
        case(PAPER, ann, 1, n=(0, 1, 2), force=-0.05),
        case(PAPER, new, 200, n=(0, 7, 100, 199, 200), force=-0.1),
        case(PAPER, ann, 5000, n=(0, 10, 3000), force=1e-4),
        *(case(dict.fromkeys(NAMES, value), (3, 40, 50), 100, force=0.01) for value in (1e-2, 1.0, 1e4)),
        *(
            case(dict(zip(NAMES, np.where(np.array(high), 1e4, 1e-2).tolist(), strict=True)), rows, 30, force=0.01)
            for high in np.ndindex(2, 2, 2, 2)
            for rows in ((7, 12, 20), (20, 20, 20))
        ),
    ]


def drawn(seed: int, number: int) -> list[dict[str, Any]]:
    """Random customers and models: a third as they are met, the others from the whole domain."""
    rng = np.random.default_rng(seed)

    def between(low: float, high: float) -> float:
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    def whole(low: int, high: int) -> int:
        return int(rng.integers(low, high + 1))

    cases: list[dict[str, Any]] = []
    while len(cases) < number:
        met = len(cases) % 3 == 0
        model = {name: between(0.1, 30) if met else between(1e-2, 1e4) for name in NAMES}
        if len(cases) % 5 == 1:
            model["gamma"] = [1.0, 1 + 1e-9, 1 - 1e-12][len(cases) % 3]
        now = int(between(1, 1001))
        t_x = now if rng.random() < 0.2 else whole(0, now)
        x = 0 if t_x == 0 else t_x if rng.random() < 0.2 else whole(1, t_x)
        _, stayed, left = ways([mpf(value) for value in model.values()], x, t_x, now)
        if stayed / (stayed + left) < mpf(10) ** -250:
            continue
        t = int(between(1, 1000))
        force = between(1e-3, 1) if len(cases) % 4 == 1 else None
        cases.append(case(model, (x, t_x, now), t, (0, 1, whole(0, t), whole(0, min(t, 20))), force))
    return cases


if __name__ == "__main__":
    path = Path(__file__).with_suffix(".json").with_stem("beta_geo_beta_binom")
    lines = ",\n".join(json.dumps(one) for one in named() + drawn(2010, 80) + intervals(2026, 50))
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
