"""Write gamma_gamma.json: log-likelihood and expected spend of Gamma-Gamma from 50-digit arithmetic.

Run from the root of the project (a second):

    python tests/reference/make_gamma_gamma.py

The formulas are equations 1a and 5 of Fader & Hardie (2013), as printed.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from mpmath import mp, mpf

mp.dps = 50


def log_likelihood(x: mpf, m: mpf, p: mpf, q: mpf, v: mpf) -> mpf:
    """Log-density of the mean m of x purchases."""
    s = p * x
    constant = mp.loggamma(s + q) - mp.loggamma(s) - mp.loggamma(q) + q * mp.log(v)
    return constant + (s - 1) * mp.log(m) + s * mp.log(x) - (s + q) * mp.log(v + x * m)


def case(p: float, q: float, v: float, x: float, m: float) -> dict[str, float]:
    """Inputs and values of one customer; spend has no mean (inf) where p x + q <= 1."""
    P, Q, V, X, M = map(mpf, (p, q, v, x, m))
    weight = P * X + Q - 1
    spend = P * (V + X * M) / weight if weight > 0 else mp.inf
    density = log_likelihood(X, M, P, Q, V) if x else mpf(0)
    values = {"log_likelihood": density, "expected_spend": spend}
    return {"p": p, "q": q, "v": v, "x": x, "m": m} | {k: float(mp.nstr(z, 20)) for k, z in values.items()}


def named() -> list[dict[str, float]]:
    """CDNOW, many purchases, extreme p and q, q = 1 and below, any currency."""
    cdnow = {"p": 6.25, "q": 3.74, "v": 15.44}
    return [
        *(case(**cdnow, x=x, m=m) for x, m in ((0, 0.0), (1, 35.0), (2, 22.35), (7, 73.74), (10_000, 35.2))),
        *(case(p, 3.74, 15.44 * 6.25 / p, 10_000, 35.2) for p in (1e-2, 1.0, 100.0, 1e4)),
        *(case(p, q, q / p, 10_000, m) for p in (1e-2, 1e4) for q in (1e-2, 1e4) for m in (0.5, 1.0, 1.001, 2.0)),
        *(case(6.25, q, 15.44, x, 20.0) for q in (0.8, 1.0, 1 + 1e-7, 1 - 1e-12) for x in (0, 2)),
        case(0.1, 0.5, 15.44, 2, 20.0),
        *(case(6.25, 3.74, 15.44 * scale, 3, 30.0 * scale) for scale in (1e-8, 1e-3, 1e6, 1e9)),
        case(6.25, 3.74, 15.44, 3, 1e-12),
        case(6.25, 3.74, 15.44, 3, 1e15),
    ]


def drawn(seed: int, number: int) -> list[dict[str, float]]:
    """Random customers and models, half of them near what the model expects."""
    rng = np.random.default_rng(seed)
    cases = []
    for i in range(number):
        p, q = np.exp(rng.uniform(np.log(1e-2), np.log(1e4), 2)).tolist()
        v, m = np.exp(rng.uniform(np.log(1e-8), np.log(1e9), 2)).tolist()
        x = float(int(np.exp(rng.uniform(0, np.log(10_000)))))
        cases.append(case(p, q, v, x, m if i % 2 else p * v / q * float(np.exp(rng.normal(0, 0.5)))))
    return cases


if __name__ == "__main__":
    lines = ",\n".join(json.dumps(one) for one in named() + drawn(2013, 120))
    Path(__file__).with_name("gamma_gamma.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
