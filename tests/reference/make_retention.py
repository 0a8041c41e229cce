"""Reference values for the retention models, by mpmath; rewrites retention.json beside it.

    python tests/reference/make_retention.py

Independent of the library: survivors by definition (Γ functions and powers at 35 to 120 digits), sums term by term or
by hypergeometric and Hurwitz' zeta functions, integrals by Gauss-Legendre panels in log time far finer than needed.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mpmath import mp, mpf
from mpmath.calculus.quadrature import GaussLegendre

mp.dps = 50
GAUSS = [(mpf(z), mpf(w)) for z, w in GaussLegendre(mp).calc_nodes(4, 200)]
"""Nodes and weights on (-1, 1)."""

Survivor = Callable[..., Any]


def geometric(t: Any, theta: Any) -> Any:
    return t * mp.log1p(-theta)


def sbg(t: Any, alpha: Any, beta: Any) -> Any:
    return mp.loggamma(beta + t) - mp.loggamma(alpha + beta + t) - mp.loggamma(beta) + mp.loggamma(alpha + beta)


def bdw(t: Any, alpha: Any, beta: Any, c: Any) -> Any:
    return sbg(t**c if t else mpf(0), alpha, beta)


def gamma_mixed(t: Any, r: Any, alpha: Any) -> Any:
    return -r * mp.log1p(t / alpha)


def weibull_gamma(t: Any, r: Any, alpha: Any, c: Any) -> Any:
    return -r * mp.log1p((t**c if t else mpf(0)) / alpha)


def exponential(t: Any, lam: Any) -> Any:
    return -lam * t


def weibull(t: Any, lam: Any, c: Any) -> Any:
    return -lam * (t**c if t else mpf(0))


def split(leavers: Survivor) -> Survivor:
    def log_survivor(t: Any, *parameters: Any) -> Any:
        never_churn = parameters[-1]
        return mp.log(never_churn + (1 - never_churn) * mp.exp(leavers(t, *parameters[:-1])))

    return log_survivor


MODELS: dict[str, tuple[Survivor, tuple[str, ...], bool]] = {
    "Geometric": (geometric, ("theta",), True),
    "ShiftedBetaGeo": (sbg, ("alpha", "beta"), True),
    "BetaDiscreteWeibull": (bdw, ("alpha", "beta", "c"), True),
    "GrassiaIIGeometric": (gamma_mixed, ("r", "alpha"), True),
    "Exponential": (exponential, ("lam",), False),
    "ExponentialGamma": (gamma_mixed, ("r", "alpha"), False),
    "Weibull": (weibull, ("lam", "c"), False),
    "WeibullGamma": (weibull_gamma, ("r", "alpha", "c"), False),
    "Split ShiftedBetaGeo": (split(sbg), ("alpha", "beta", "never_churn"), True),
    "Split Weibull": (split(weibull), ("lam", "c", "never_churn"), False),
}
"""log S(t), the parameters' names, and whether time is discrete."""


def log_uniform(rng: random.Random, low: float, high: float) -> float:
    return float(mp.exp(rng.uniform(float(mp.log(low)), float(mp.log(high)))))


def parameter(rng: random.Random, name: str) -> float:
    if name in {"theta", "never_churn"}:
        p = log_uniform(rng, 1e-6, 0.5)
        return rng.choice([p, 1 - p])
    if name == "c":
        return rng.choice([1.0, log_uniform(rng, 0.1, 10.0), log_uniform(rng, 0.5, 2.0)])
    return rng.choice([log_uniform(rng, 1e-2, 1e4), log_uniform(rng, 0.1, 10.0), 1.0])


def stays(rng: random.Random, name: str) -> Iterator[dict[str, Any]]:
    """log S(tenure + ahead)/S(tenure), from the next instant to a million periods."""
    log_survivor, names, discrete = MODELS[name]
    for _ in range(40):
        values = {key: parameter(rng, key) for key in names}
        tenure = rng.choice([0.0, log_uniform(rng, 1.0, 1e6), log_uniform(rng, 1.0, 50.0)])
        ahead = rng.choice([1.0, log_uniform(rng, 1.0, 1e6), log_uniform(rng, 1.0, 50.0), log_uniform(rng, 1e-10, 1.0)])
        tenure = float(int(tenure)) if discrete else tenure
        exact = [mpf(v) for v in values.values()]
        start = mpf(tenure)
        with mp.workdps(120):  # of numbers of 1e60 that differ by 1e-18
            stay = log_survivor(start + mpf(ahead), *exact) - log_survivor(start, *exact)
        yield {"parameters": values, "tenure": tenure, "ahead": ahead, "log_stay": float(stay)}


def moments(name: str, values: list[Any], tenure: Any, force: Any, horizon: Any) -> tuple[Any, Any]:
    """Σ j^power e^{-δj} S(T+j)/S(T), j = 1, ..., or the integral, for powers 0 and 1."""
    log_survivor, _, discrete = MODELS[name]
    now = log_survivor(tenure, *values)
    end = min(horizon, 60 / force) if force > 0 else horizon

    def term(u: Any) -> Any:
        return mp.exp(-force * u + log_survivor(tenure + u, *values) - now)

    if discrete:
        terms = [(mpf(j), term(mpf(j))) for j in range(1, int(end) + 1)]
    else:
        count, high = 84, mp.log(end)
        nodes = [(high - (2 * i + 1 + z) / 4, w / 4) for i in range(count) for z, w in GAUSS]
        terms = [(mp.exp(v), w * mp.exp(v) * term(mp.exp(v))) for v, w in nodes]
    return mp.fsum(f for _, f in terms), mp.fsum(u * f for u, f in terms)


def worths(rng: random.Random, name: str) -> Iterator[dict[str, Any]]:
    """Discounted sums and integrals, up to a horizon and forever."""
    _, names, discrete = MODELS[name]
    for case in range(6):
        values = {key: parameter(rng, key) for key in names}
        tenure = rng.choice([0.0, log_uniform(rng, 1.0, 50.0), log_uniform(rng, 1.0, 1e4)])
        tenure = float(int(tenure)) if discrete else tenure
        horizon = rng.choice([float(int(log_uniform(rng, 1.0, 300.0))), None]) if case else None
        force = log_uniform(rng, 0.2, 2.0) if horizon is None else rng.choice([0.0, log_uniform(rng, 1e-3, 2.0), -0.05])
        exact = [mpf(v) for v in values.values()]
        end = mpf(horizon) if horizon else mp.inf
        with mp.workdps(70 if discrete else 35):
            sums = moments(name, exact, mpf(tenure), mpf(force), end)
        yield {
            "parameters": values,
            "tenure": tenure,
            "force": force,
            "horizon": horizon,
            "worth": float(sums[0]),
            "elasticity": float(sums[1] / sums[0]),
        }


def forever(rng: random.Random) -> Iterator[dict[str, Any]]:
    """Tails that hardly converge, where sums are known: sBG by 2F1, G2G by Hurwitz' ζ, WG and Weibull by Γ."""
    for _ in range(12):
        alpha, beta = rng.choice([log_uniform(rng, 1e-2, 1e4), 1.0]), log_uniform(rng, 1e-2, 1e4)
        tenure, force = float(int(log_uniform(rng, 1, 1e6))), log_uniform(rng, 1e-9, 1.0)
        a, b, v = mpf(alpha), mpf(beta) + mpf(tenure), mp.exp(-mpf(force))
        total = b / (a + b) * mp.hyp2f1(1, b + 1, a + b + 1, v) * v
        yield {
            "model": "ShiftedBetaGeo",
            "parameters": {"alpha": alpha, "beta": beta},
            "tenure": tenure,
            "force": force,
            "worth": float(total),
        }
    for r in (1 + 2.0**-20, 1.01, 1.5, 30.0):
        alpha, tenure = log_uniform(rng, 0.1, 1e3), float(int(log_uniform(rng, 1, 100)))
        now = mpf(alpha) + mpf(tenure)
        total = now ** mpf(r) * mp.zeta(mpf(r), now + 1)
        yield {
            "model": "GrassiaIIGeometric",
            "parameters": {"r": r, "alpha": alpha},
            "tenure": tenure,
            "force": 0.0,
            "worth": float(total),
        }
    for r, c in ((1.0001, 1.0), (3.0, 0.5), (0.3, 5.0), (40.0, 0.1), (5.0, 2.0)):
        alpha = log_uniform(rng, 0.1, 1e3)
        r_, c_, a_ = mpf(r), mpf(c), mpf(alpha)
        total = a_ ** (1 / c_) * mp.gamma(1 + 1 / c_) * mp.gamma(r_ - 1 / c_) / mp.gamma(r_)
        yield {
            "model": "WeibullGamma",
            "parameters": {"r": r, "alpha": alpha, "c": c},
            "tenure": 0.0,
            "force": 0.0,
            "worth": float(total),
        }
    for lam, c in ((1e-3, 0.1), (2.0, 0.5), (1e4, 1.0), (0.1, 3.0), (1.0, 200.0)):
        total = mpf(lam) ** (-1 / mpf(c)) * mp.gamma(1 + 1 / mpf(c))
        yield {
            "model": "Weibull",
            "parameters": {"lam": lam, "c": c},
            "tenure": 0.0,
            "force": 0.0,
            "worth": float(total),
        }


def main() -> None:
    rng = random.Random(20)  # noqa: S311 (nothing secret)
    cases = {name: {"stays": list(stays(rng, name)), "worths": list(worths(rng, name))} for name in MODELS}
    document = {"models": cases, "forever": list(forever(rng))}
    path = Path(__file__).with_name("retention.json")
    path.write_text(json.dumps(document, indent=0).replace(",\n", ", ").replace("}, ", "},\n") + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
