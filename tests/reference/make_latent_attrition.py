"""Reference values for models of latent attrition, to 40 digits by mpmath; rewrites the JSON files beside it.

    python tests/reference/make_latent_attrition.py [pareto_nbd | gamma_gompertz_nbd | weibull_gamma_nbd]

Independent of the library: definitions only, integrated in y = log u by Gauss-Legendre panels far finer than needed,
checked against closed forms (2F1 and Tricomi's U) where there are any.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mpmath import mp, mpf
from mpmath.calculus.quadrature import GaussLegendre

mp.dps = 50
LEAST = mp.mpf(10) ** -300
GAUSS = sorted((mpf(z), mpf(w)) for z, w in GaussLegendre(mp).calc_nodes(4, 200))
"""Nodes, ascending, and weights on (-1, 1)."""


class Pareto:
    """S(u) = (β/(β+u))^s."""

    names, step = ("s", "beta"), 1.0

    def __init__(self, s: Any, beta: Any) -> None:
        self.s, self.beta = s, beta

    def stay(self, start: Any, u: Any) -> Any:
        return -self.s * mp.log1p(u / (self.beta + start))

    def leave(self, start: Any, u: Any) -> Any:
        return mp.log(self.s / (self.beta + start)) + (self.s + 1) / self.s * self.stay(start, u)

    def scale(self, start: Any) -> Any:
        return (self.beta + start) / (self.s + 1)

    def falls(self) -> Any:
        """S falls in the end as u to this negative power."""
        return self.s


class GammaGompertz:
    """S(u) = (β/(β+e^{bu}-1))^s."""

    names, step = ("b", "s", "beta"), 0.5

    def __init__(self, b: Any, s: Any, beta: Any) -> None:
        self.b, self.s, self.beta = b, s, beta

    def of_birth(self, u: Any) -> Any:
        return self.s * (mp.log(self.beta) - mp.log(self.beta + mp.expm1(self.b * u)))

    def stay(self, start: Any, u: Any) -> Any:
        return self.of_birth(start + u) - self.of_birth(start)

    def leave(self, start: Any, u: Any) -> Any:
        v = start + u
        hazard = self.b * self.s / (1 + (self.beta - 1) * mp.exp(-self.b * v))
        return mp.log(hazard) + self.stay(start, u)

    def scale(self, start: Any) -> Any:
        now = 1 / (1 + (self.beta - 1) * mp.exp(-self.b * start))
        return 1 / (self.b * (1 + self.s * max(now, 1)))

    def falls(self) -> Any:
        return mp.inf


class WeibullGamma:
    """S(u) = (1+(u/β)^c)^-s."""

    names, step = ("s", "beta", "c"), 0.7

    def __init__(self, s: Any, beta: Any, c: Any) -> None:
        self.s, self.beta, self.c = s, beta**c, c

    def stay(self, start: Any, u: Any) -> Any:
        return -self.s * mp.log((self.beta + (start + u) ** self.c) / (self.beta + start**self.c))

    def leave(self, start: Any, u: Any) -> Any:
        v = start + u
        return mp.log(self.s * self.c * v ** (self.c - 1) / (self.beta + v**self.c)) + self.stay(start, u)

    def scale(self, start: Any) -> Any:
        own = (self.beta / (self.s + 1)) ** (1 / self.c)
        return min(own, start) if start else own

    def falls(self) -> Any:
        return self.s * self.c


def integral(g: Callable[[Any], Any], least: Any, length: Any, tail: Any, step: Any) -> Any:
    """∫ exp(g(u)) du over u from `least` to the length, falling in the end as u^-(1 + tail) where that is infinite."""
    low, high = mp.log(least), mp.log(length) if length != mp.inf else None
    if high is not None and high <= low:
        return mpf(0)
    total, top, end = mpf(0), -mp.inf, low
    while high is None or end < high:
        width = step if high is None else min(step, high - end)
        for z, w in GAUSS:
            u = mp.exp(end + width * (1 + z) / 2)
            log_value = g(u) + mp.log(u)
            top = max(top, log_value)
            if log_value > top - 120:
                total += w * width / 2 * mp.exp(log_value)
        end += width
        if log_value < top - 100:
            return total
        if high is None and end > low + 400:
            return total + mp.exp(g(mp.exp(end)) + end) / tail if tail > 0 else mp.inf
    return total


class Case:
    """All predictions for one customer under one set of parameters."""

    def __init__(self, law: Any, case: dict[str, Any]) -> None:
        self.case = {name: mpf(value) for name, value in case.items()}
        at = self.case
        self.law = law(*(at[name] for name in law.names))
        self.x, self.t_x, self.T, self.t, self.n = (at[name] for name in ("x", "t_x", "T", "t", "n"))
        self.r, self.alpha, self.R, self.A = at["r"], at["alpha"], at["r"] + at["x"], at["alpha"] + at["T"]
        self.step = mpf(law.step)
        self.alive, self.gone = self.ways()

    def ways(self) -> tuple[Any, Any]:
        """(α+t_x)^R/S(t_x) times the likelihoods of being alive at T and of having left before."""
        since, length = self.alpha + self.t_x, self.T - self.t_x
        alive = mp.exp(self.law.stay(self.t_x, length) - self.R * mp.log1p(length / since))
        if not length:
            return alive, mpf(0)
        least = min(since / (self.R + 1), self.law.scale(self.t_x), length) * mp.exp(-60)
        inside = integral(
            lambda u: self.law.leave(self.t_x, u) - self.R * mp.log1p(u / since), least, length, mp.inf, self.step
        )
        return alive, inside - mp.expm1(self.law.stay(self.t_x, least))

    def p_alive(self) -> Any:
        return self.alive / (self.alive + self.gone)

    def log_likelihood(self) -> Any:
        r, a, R = self.r, self.alpha, self.R
        known = mp.loggamma(R) - mp.loggamma(r) + r * mp.log(a) - R * mp.log(a + self.t_x)
        return known + self.law.stay(mpf(0), self.t_x) + mp.log(self.alive + self.gone)

    def stay(self, t: Any) -> Any:
        return mp.exp(self.law.stay(self.T, t)) if t != mp.inf else mpf(0)

    def churn(self, t: Any) -> Any:
        left = -mp.expm1(self.law.stay(self.T, t)) if t != mp.inf else mpf(1)
        return (self.gone + self.alive * left) / (self.alive + self.gone)

    def discounted(self, force: Any, after: Any = 0) -> Any:
        if self.t == mp.inf and (force < 0 or (force == 0 and self.law.falls() <= 1)) and self.law.falls() != mp.inf:
            return mp.inf
        if after == mp.inf:
            return mpf(0)
        start = self.T + after
        least = min(self.law.scale(start), 1 / abs(force) if force else mp.inf, self.t) * mp.exp(-70)
        inside = integral(
            lambda u: self.law.stay(start, u) - force * u, least, self.t, self.law.falls() - 1, self.step / 2
        )
        return self.p_alive() * self.stay(after) * self.R / self.A * (inside + least)

    def buys(self, after: Any = 0) -> Any:
        if after == mp.inf:
            return mpf(0)
        start = self.T + after
        least = min(self.law.scale(start), self.A / (self.R + 1), self.t) * mp.exp(-70)
        inside = integral(
            lambda u: self.law.stay(start, u) - (self.R + 1) * mp.log1p(u / self.A),
            least, self.t, self.law.falls() + self.R, self.step,
        )  # fmt: skip
        return self.p_alive() * self.stay(after) * self.R / self.A * (inside + least)

    def nbd(self, u: Any) -> Any:
        n, R = self.n, self.R
        ways = mp.loggamma(R + n) - mp.loggamma(R) - mp.loggamma(n + 1)
        return ways - R * mp.log1p(u / self.A) + (n * mp.log(u / (self.A + u)) if n else 0)

    def pmf(self, after: Any = 0) -> Any:
        if after == mp.inf:
            return mpf(1) if self.n == 0 else mpf(0)
        start, alive = self.T + after, self.p_alive() * self.stay(after)
        least = min(self.law.scale(start), self.A / (self.R + 1), self.t) * mp.exp(-70)
        step = self.step / (1 + mp.sqrt(min(self.n, self.R)) / 8)
        leaves = integral(
            lambda u: self.law.leave(start, u) + self.nbd(u), least, self.t, self.law.falls() + self.R, step
        )
        stays = mpf(0) if self.t == mp.inf else mp.exp(self.law.stay(start, self.t) + self.nbd(self.t))
        if self.n:
            return alive * (stays + leaves)
        unseen = -mp.expm1(self.law.stay(start, least))
        return alive * (stays + leaves + unseen) + self.churn(after)

    def values(self) -> dict[str, float]:
        after = self.case["after"]
        found = {
            "log_likelihood": self.log_likelihood(),
            "p_alive": self.p_alive(),
            "p_alive_ahead": self.p_alive() * self.stay(self.t),
            "churn_probability": self.churn(self.t),
            "expected_purchases": self.discounted(mpf(0)),
            "discounted": self.discounted(self.case["force"]),
            "probability_of_purchase": self.buys(),
            "purchase_pmf": self.pmf(),
            "expected_purchases_after": self.discounted(mpf(0), after),
            "probability_of_purchase_after": self.buys(after),
            "purchase_pmf_after": self.pmf(after),
        }
        return {
            name: float(value) if name == "log_likelihood" or value > LEAST else 0.0 for name, value in found.items()
        }


def closed_forms(case: Case) -> Iterator[tuple[Any, Any]]:
    """Pairs that must agree for Pareto/NBD: the integral and the papers' hypergeometric functions."""
    if not isinstance(case.law, Pareto):
        return
    s, b, r, a, x, t_x, T = case.law.s, case.law.beta, case.r, case.alpha, case.x, case.t_x, case.T
    c, R = r + s + x, case.R

    def part(u: Any) -> Any:
        second, top, base = (s + 1, a - b, a + u) if a >= b else (R, b - a, b + u)
        return mp.hyp2f1(c, second, c + 1, top / base) / base**c

    gone = (a + t_x) ** R * (b + t_x) ** s * s / c * (part(t_x) - part(T))
    yield case.gone, gone
    force = mpf("0.0027")
    forever = R / case.A * (b + T) ** s * force ** (s - 1) * mp.hyperu(s, s, force * (b + T))
    ahead, case.t = case.t, mp.inf
    yield case.discounted(force), case.p_alive() * forever
    case.t = ahead
    if case.t != mp.inf and case.case["after"] != mp.inf and s != 1:
        start = b + T + case.case["after"]
        stayed = (start ** (1 - s) - (start + case.t) ** (1 - s)) / (s - 1) * (b + T) ** s
        yield case.discounted(mpf(0), case.case["after"]), case.p_alive() * R / case.A * stayed


def draw(rng: random.Random, own: Callable[[random.Random, bool], dict[str, float]]) -> dict[str, float]:
    """A customer and parameters, anywhere or as met in practice, the limits among them."""

    def between(low: float, high: float) -> float:
        return low * (high / low) ** rng.random()

    wide = rng.random() < 0.5
    T = between(1e-3, 1e6) if wide else between(1, 300)
    x = float(rng.choice([0, 0, 1, int(between(1, 10_000)) if wide else int(between(1, 100)), 10_000 if wide else 30]))
    t_x = T * rng.choice([1.0, 1 - 1e-9, rng.random(), rng.random(), rng.random() ** 3]) if x else 0.0
    if not x and rng.random() < 0.2:
        T = 0.0
    alpha = between(1e-2, 1e4) if wide else between(1, 50)
    case = {"r": between(1e-2, 1e4) if wide else between(0.1, 5), "alpha": alpha, **own(rng, wide)}
    if case.get("beta") == -1:
        case["beta"] = alpha * rng.choice([1, 1 + 1e-12, 1 - 1e-9])
    t = rng.choice([between(1e-10, 1e8), between(1, 100), between(0.1, 10) * (alpha + T), float("inf")])
    n = float(rng.choice([0, 0, 1, 2, int(between(1, 30)), int(between(1, 1000))]))
    force = rng.choice([between(1e-12, 10), between(1e-4, 0.1), between(1e-4, 0.1), -min(0.01, 20 / t), 1e-30])
    return {**case, "x": x, "t_x": t_x, "T": T, "t": t, "n": n, "force": force}


def later(rng: random.Random, law: Any, case: dict[str, float]) -> float:
    """When the interval ahead begins: at once or late, next to its length, to the age and to the lifetimes."""
    near = float(law(*(mpf(case[name]) for name in law.names)).scale(mpf(case["T"])))
    t = min(case["t"], 1e8)
    spread = 10 ** rng.uniform(-2, 2)
    return rng.choice(
        [10 ** rng.uniform(-10, 8), *2 * [spread * near, spread * (case["T"] + 1)], 1e6 * t, 1e-6 * t, float("inf")]
    )


def pareto(rng: random.Random, wide: bool) -> dict[str, float]:
    s = rng.choice(
        [1.0, 1 + 1e-10, 1 - 1e-12, 1 + 1e-5] + 8 * [10 ** (rng.uniform(-2, 4) if wide else rng.uniform(-1, 0.7))]
    )
    beta = rng.choice([-1] + 4 * [10 ** (rng.uniform(-2, 4) if wide else rng.uniform(0, 2))])
    return {"s": s, "beta": beta}


def gamma_gompertz(rng: random.Random, wide: bool) -> dict[str, float]:
    beta = rng.choice([1.0, 1 + 1e-9] + 6 * [10 ** (rng.uniform(-2, 4) if wide else rng.uniform(-1, 2))])
    return {
        "b": 10 ** (rng.uniform(-4, 2) if wide else rng.uniform(-3, 0)),
        "s": 10 ** rng.uniform(-2, 3 if wide else 1),
        "beta": beta,
    }


def weibull_gamma(rng: random.Random, wide: bool) -> dict[str, float]:
    c = rng.choice([1.0, 1 + 1e-9] + 6 * [10 ** (rng.uniform(-1, 1) if wide else rng.uniform(-0.5, 0.5))])
    return {
        "s": 10 ** rng.uniform(-2 if wide else -1, 3 if wide else 0.7),
        "beta": 10 ** (rng.uniform(-2, 4) if wide else rng.uniform(0, 2)),
        "c": c,
    }


MODELS: dict[str, tuple[Any, Any, int]] = {
    "pareto_nbd": (Pareto, pareto, 150),
    "gamma_gompertz_nbd": (GammaGompertz, gamma_gompertz, 100),
    "weibull_gamma_nbd": (WeibullGamma, weibull_gamma, 80),
}


def main(names: list[str]) -> None:
    """Write the reference files, columns by name."""
    for name in names or MODELS:
        law, own, count = MODELS[name]
        rng, other_rng, rows = random.Random(1987), random.Random(2005), []  # noqa: S311 (cases to test)
        for i in range(count):
            given = draw(rng, own)
            given["after"] = later(other_rng, law, given)
            case = Case(law, given)
            if i % 5 == 0 and not (case.x == 0 and case.T == 0) and case.x < 200 and case.law.names == ("s", "beta"):
                for one, other in closed_forms(case):
                    assert abs(one - other) <= mpf(10) ** -20 * abs(other), (given, one, other)
            rows.append({**given, **{f"={key}": value for key, value in case.values().items()}})
        columns = {key: [row[key] for row in rows] for key in rows[0]}
        Path(__file__).with_name(f"{name}.json").write_text(json.dumps(columns, indent=0) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
