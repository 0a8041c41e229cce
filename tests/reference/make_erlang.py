"""Write erlang.json: what lies ahead of regular buyers, likelihoods and P(alive), in 40-digit arithmetic.

    python tests/reference/make_erlang.py          some minutes

Sums are taken beat by beat, and discounted on many more points than the library takes.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import mpmath as mp
import numpy as np

mp.mp.dps = 40
OUT = Path(__file__).with_name("erlang.json")
DIGITS = 25


def ahead(question, k, j, R, a, b, h):
    """Purchases, P(leaves) or P(stays) in h of a customer in phase j: Σ_n P(N = n) G(floor((j + n)/k))."""
    R, a, b, h = mp.mpf(R) + j, mp.mpf(a), mp.mpf(b), mp.mpf(h)
    z, chance, total, n, due = h / (1 + h), (1 + h) ** (-R), mp.mpf(0), 0, -1
    late = 1 if question == "leaves" else 0
    term, brought, value = (a / (a + b) if late else mp.mpf(1)), mp.mpf(0), mp.mpf(0)
    while True:
        while due < (j + n) // k:
            due += 1
            value = term if question == "stays" else brought
            brought += term
            term *= (b + due) / (a + b + due + late)
        total += chance * value
        slack = 1 - (R + n) / (n + 1) * z
        if n > R * h + k and slack > 0 and chance * (value + 1) * 4 < mp.mpf(10) ** -28 * slack * total:
            return total
        chance *= (R + n) / (n + 1) * z
        n += 1


def forever(k, j, R, a, b, theta):
    """E[s^{k-j} 2F1(1, b; a+b; s^k)], s = λ/(λ+θ)."""
    R, a, b, theta = mp.mpf(R) + j, mp.mpf(a), mp.mpf(b), mp.mpf(theta)

    def integrand(y):
        s = 1 / (1 + theta * mp.e**-y)
        return mp.e ** (R * y - mp.e**y - mp.loggamma(R)) * s ** (k - j) * mp.hyp2f1(1, b, a + b, s**k)

    center, width = mp.log(R + k), 1 / mp.sqrt(R + k)
    low = min(mp.log(theta), center - 12 * width) - 90 / (R + k) - 8
    high = mp.log(R + k + 30 * mp.sqrt(R + k) + 150)
    inner = [center + m * width for m in (-12, -6, -3, 0, 3, 6, 12)] + [mp.log(theta) + m for m in (-3, 0, 3)]
    if R < 10:
        low = min(low, center - 100 / R if mp.log(theta) > center else mp.log(theta) - 100 / (R + k) - 8)
    return mp.quad(integrand, [low, *sorted(p for p in inner if low < p < high), high])


def discounted(k, j, R, a, b, h, theta):
    """By parts, e^{-θh} M(h) + θ ∫_0^h e^{-θv} M(v) dv: 30 Gauss-Legendre points in each of 24 panels."""
    h, theta = mp.mpf(h), mp.mpf(theta)
    nodes = [(mp.mpf(x), mp.mpf(w)) for x, w in zip(*np.polynomial.legendre.leggauss(30), strict=True)]
    edges = [mp.mpf(0)] + [h * mp.mpf(2) ** (i / mp.mpf(2) - 11.5) for i in range(24)]
    total = mp.e ** (-theta * h) * ahead("purchases", k, j, R, a, b, h)
    for low, high in itertools.pairwise(edges):
        for x, w in nodes:
            v = low + (high - low) * (x + 1) / 2
            total += theta * w * (high - low) / 2 * mp.e ** (-theta * v) * ahead("purchases", k, j, R, a, b, v)
    return total


def later(k, j, R, a, b, f, h, m):
    """Purchases, P(a purchase) and P(m purchases) in h after f of a customer in phase j, beat by beat."""
    with mp.workdps(120):
        R, a, b, f, h = map(mp.mpf, (R, a, b, f, h))
        z, then = f / (1 + f), h / (1 + f)
        chance, n, stayed = (1 + f) ** (-(R + j)), j, mp.mpf(1)
        buys = pmf = mp.mpf(0)
        while True:
            c, i = divmod(n, k)
            if n > j and i == 0:
                stayed *= (b + c - 1) / (a + b + c - 1)
            weight = chance * stayed
            buys += weight * (1 - fewer(k - i, R + n, then))
            before, beyond = fewer(m * k - i, R + n, then), fewer((m + 1) * k - i, R + n, then)
            stays = mp.rf(b + c, m) / mp.rf(a + b + c, m)
            pmf += weight * stays * (beyond - before)
            if m:
                pmf += weight * stays * a / (b + c + m - 1) * (1 - before)
            n += 1
            chance *= (R + n - 1) / (n - j) * z
            if n > (R + m * k) * f + 3 * k and chance * stayed <= buys * mp.mpf(10) ** -90:
                break
        return {"purchases": text(arrivals(k, j, R, a, b, f, h)), "buys": text(buys), "pmf": text(pmf)}


def fewer(m, R, h):
    """P(N < m)."""
    chance, total = (1 + h) ** (-R), mp.mpf(0)
    for n in range(m):
        total += chance
        chance *= (R + n) / (n + 1) * h / (1 + h)
    return total


def arrivals(k, j, R, a, b, f, h):
    """Σ_c q_c P(the ((c+1)k - j)-th beat comes in h after f)."""
    at, R = [f, f + h], R + j
    chance, below = [(1 + t) ** (-R) for t in at], [mp.mpf(0), mp.mpf(0)]
    total, stayed, c, n = mp.mpf(0), mp.mpf(1), 0, 0
    while True:
        for one in (0, 1):
            below[one] += chance[one]
            chance[one] *= (R + n) / (n + 1) * at[one] / (1 + at[one])
        n += 1
        if n == (c + 1) * k - j:
            total += stayed * (below[0] - below[1])
            stayed *= (b + c) / (a + b + c)
            c += 1
            if n > R * (f + h) + 3 * k and stayed * (below[0] - below[1]) <= total * mp.mpf(10) ** -40:
                return total


def intervals():
    rng = np.random.default_rng(2021)
    draw = lambda low, high: float(10 ** rng.uniform(low, high))  # noqa: E731
    rows = []
    while len(rows) < 36:
        k = int(rng.choice([1, 2, 3, 5]))
        case = {"k": k, "j": int(rng.integers(k)), "R": draw(-2, 4), "a": draw(-2, 4), "b": draw(-2, 4)}
        case["a"] = [1.0, 1 + 1e-9, case["a"]][min(len(rows), 2)]
        case["f"] = draw(-10, np.log10(min(100, 300 / max(case["R"], 1))))
        case["h"] = draw(-10, np.log10(min(100, 300 / max(case["R"], 1))))
        case["m"] = int(rng.choice([0, 1, 2, 7]))
        found = later(**case)
        if mp.mpf(found["pmf"]) > mp.mpf(10) ** -60:  # 120 digits are enough for
            rows.append(case | found)
    return rows


def history(k, first, r, alpha, a, b, x, t_x, T):
    """Log-likelihood without log_spacing, and P(alive)."""
    r, alpha, a, b, t_x, T = map(mp.mpf, (r, alpha, a, b, t_x, T))
    R = r + k * x
    alive = mp.fsum(
        mp.rf(R, j) / mp.factorial(j) * (T - t_x) ** j * (alpha + T) ** (-(R + j)) for j in range(k)
    ) * mp.beta(a, b + x + first)
    gone = mp.beta(a + 1, b + x + first - 1) * (alpha + t_x) ** (-R) if x + first else mp.mpf(0)
    front = (
        mp.loggamma(R) - mp.loggamma(r) + r * mp.log(alpha) - x * mp.log(mp.factorial(k - 1)) - mp.log(mp.beta(a, b))
    )
    return front + mp.log(alive + gone), alive / (alive + gone)


def text(value):
    return mp.nstr(value, DIGITS)


def main():
    rng = np.random.default_rng(2016)
    draw = lambda low, high: float(10 ** rng.uniform(low, high))  # noqa: E731
    rows = []
    for i in range(60):
        k = int(rng.choice([1, 2, 3, 5, 20]))
        case = {"k": k, "j": int(rng.integers(k)), "R": draw(-2, 4), "a": draw(-2, 4), "b": draw(-2, 4)}
        case["a"] = [1.0, 1 + 1e-9, case["a"]][min(i, 2)]
        case["h"] = draw(-10, np.log10(min(300, 2e4 / max(case["R"], 1))))
        answers = {question: text(ahead(question, **case)) for question in ("purchases", "leaves", "stays")}
        rows.append(case | answers)
    sums = []
    for i in range(40):
        k = int(rng.choice([1, 2, 3, 5, 20]))
        case = {"k": k, "j": int(rng.integers(k)), "R": draw(-2, 3), "a": draw(-2, 3), "b": draw(-2, 3)}
        if i % 2:
            case["theta"] = draw(-6, 2)
            sums.append(case | {"h": "inf", "value": text(forever(**case))})
        else:
            case["h"] = draw(-4, np.log10(min(20, 100 / case["R"])))
            case["theta"] = draw(-3, np.log10(40 / case["h"]))
            sums.append(case | {"value": text(discounted(**case))})
    pasts = []
    for i in range(60):
        k, x = int(rng.choice([1, 2, 3, 5, 20])), int(rng.choice([0, 1, 2, 10, 300, 10_000]))
        T = draw(-3, 6)
        t_x = T * float(rng.choice([1.0, 1 - 1e-10, rng.uniform()])) if x else 0.0
        case = {"k": k, "first": i % 2, "r": draw(-2, 4), "alpha": draw(-2, 4), "a": draw(-2, 4), "b": draw(-2, 4)}
        case |= {"x": x, "t_x": t_x, "T": T}
        value, alive = history(**case)
        pasts.append(case | {"log_likelihood": text(value), "p_alive": text(alive)})
    found = {"ahead": rows, "discounted": sums, "history": pasts, "later": intervals()}
    OUT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
