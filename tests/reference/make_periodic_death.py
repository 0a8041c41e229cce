"""Reference values for PDO, to 30 digits by mpmath; rewrites periodic_death.json beside it.

    python tests/reference/make_periodic_death.py

Sums over chances to leave as in Jerath, Fader & Hardie (2011), term by term up to 500 and beyond by Euler and
Maclaurin's formula, whose first neglected term is below 1e-18 there.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mpmath import mp, mpf

mp.dps = 50
DIRECT = 500


def total(g: Callable[[Any], Any], last: Any, reach: Any = 60) -> Any:
    """Sum of g(m), m = 1, ..., last; an endless one falls as a power of m beyond e^reach."""
    direct = mp.fsum(g(mpf(m)) for m in range(1, int(min(last, DIRECT)) + 1))
    if last <= DIRECT:
        return direct
    begin = mpf(DIRECT + 1)
    end = mp.log(last / begin) if last != mp.inf else mpf(reach)
    inside = mp.quad(lambda v: g(begin * mp.exp(v)) * begin * mp.exp(v), mp.linspace(0, end, int(end / 2) + 2))
    if last == mp.inf:  # a power of m from here on
        far = begin * mp.exp(end)
        inside += far * g(far) / (mp.log(g(far) / g(far * mp.e)) - 1) if g(far) else 0
    edges = [(begin, -1)] if last == mp.inf else [(begin, -1), (mpf(last), 1)]
    ends = sum(g(m) / 2 + sign * (mp.diff(g, m) / 12 - mp.diff(g, m, 3) / 720) for m, sign in edges)
    return direct + inside + ends


class Case:
    """All predictions for one customer under one set of parameters."""

    def __init__(self, case: dict[str, float]) -> None:
        at = {name: mpf(value) for name, value in case.items()}
        self.r, self.alpha, self.a, self.tau = at["r"], at["alpha"], at["a"], at["tau"]
        self.x, self.t_x, self.T, self.t, self.n = (at[k] for k in ("x", "t_x", "T", "t", "n"))
        self.force, self.after = at["force"], at["after"]
        self.R, self.A = self.r + self.x, self.alpha + self.T
        self.before, self.now = self.count(self.t_x), self.count(self.T)
        self.b, self.own_b = at["b"] + self.before, at["b"]
        since = self.alpha + self.t_x
        self.alive = mp.exp(self.kept(self.b, self.now - self.before)) * (since / self.A) ** self.R
        self.gone = total(
            lambda m: self.left(self.b, m) * (since / (self.alpha + (self.before + m) * self.tau)) ** self.R,
            self.now - self.before,
        )
        self.begin(mpf(0))

    def begin(self, after: Any) -> None:
        """What is asked is of (T + after, T + after + t]."""
        now, end = self.count(self.T + after), self.T + after + self.t
        self.stayed = mp.exp(self.kept(self.own_b + self.now, now - self.now))
        self.b_now = self.own_b + now
        self.first = (now + 1) * self.tau - (self.T + after)
        self.chances = self.count(end) - now if self.t != mp.inf else mp.inf

    def count(self, u: Any) -> Any:
        return mp.floor(u / self.tau)

    def kept(self, b: Any, m: Any) -> Any:
        """log B(a, b + m)/B(a, b)."""
        a, z = self.a, b + m
        if z > 10**12:
            return -a * mp.log(z) - a * (a - 1) / (2 * z) + mp.loggamma(a + b) - mp.loggamma(b)
        return mp.loggamma(b + m) + mp.loggamma(a + b) - mp.loggamma(b) - mp.loggamma(a + b + m)

    def left(self, b: Any, m: Any) -> Any:
        """B(a + 1, b + m - 1)/B(a, b)."""
        return mp.exp(self.kept(b, m - 1)) * self.a / (self.a + b + m - 1)

    def u(self, m: Any) -> Any:
        return self.first + (m - 1) * self.tau

    def p_alive(self) -> Any:
        return self.stayed * self.alive / (self.alive + self.gone)

    def p_gone(self) -> Any:
        return (self.gone + self.alive * (1 - self.stayed)) / (self.alive + self.gone)

    def stay(self) -> Any:
        return mpf(0) if self.t == mp.inf else mp.exp(self.kept(self.b_now, self.chances))

    def leave(self) -> Any:
        return mpf(1) if self.t == mp.inf else -mp.expm1(self.kept(self.b_now, self.chances) if self.chances else 0)

    def log_likelihood(self) -> Any:
        r, a = self.r, self.alpha
        known = mp.loggamma(self.R) - mp.loggamma(r) + r * mp.log(a) - self.R * mp.log(a + self.t_x)
        return known + self.kept(self.own_b, self.before) + mp.log(self.alive + self.gone)

    def over_lifetime(self, H: Callable[[Any], Any], at_end: Any, reach: Any = 60) -> Any:
        """E[H(time alive ahead)], of those alive at T."""
        return total(lambda m: self.left(self.b_now, m) * H(self.u(m)), self.chances, reach) + self.stay() * at_end

    def discounted(self, force: Any) -> Any:
        if self.t == mp.inf and (force < 0 or (force == 0 and self.a <= 1)):
            return mp.inf
        H = (lambda u: -mp.expm1(-force * u) / force) if force else (lambda u: u)
        at_end = mpf(0) if self.t == mp.inf else H(self.t)
        reach = max(60, mp.log(1000 / (force * self.tau))) if force > 0 else 60
        return self.p_alive() * self.R / self.A * self.over_lifetime(H, at_end, reach)

    def buys(self) -> Any:
        def never(u: Any) -> Any:
            return (self.A / (self.A + u)) ** self.R

        at_end = mpf(0) if self.t == mp.inf else never(self.t)
        if self.t < self.A / 10**6:  # what is bought is lost in what is not
            return self.p_alive() * self.over_lifetime(lambda u: 1 - never(u), 1 - at_end)
        return self.p_alive() * (1 - self.over_lifetime(never, at_end))

    def pmf(self) -> Any:
        ways = mp.binomial(self.R + self.n - 1, self.n)

        def H(u: Any) -> Any:
            return ways * (self.A / (self.A + u)) ** self.R * (u / (self.A + u)) ** self.n

        found = self.p_alive() * self.over_lifetime(H, mpf(0) if self.t == mp.inf else H(self.t))
        return found + (self.p_gone() if self.n == 0 else 0)

    def later(self) -> dict[str, Any]:
        if self.after == mp.inf:
            expected = self.discounted(mpf(0))
            found = [expected if expected == mp.inf else mpf(0), mpf(0), mpf(self.n == 0)]
        else:
            self.begin(self.after)
            found = [self.discounted(mpf(0)), self.buys(), self.pmf()]
        names = ("expected_purchases_after", "probability_of_purchase_after", "purchase_pmf_after")
        return dict(zip(names, found, strict=True))

    def values(self) -> dict[str, float]:
        found = {
            "log_likelihood": self.log_likelihood(),
            "p_alive": self.p_alive(),
            "p_alive_ahead": self.p_alive() * self.stay(),
            "churn_probability": (self.gone + self.alive * self.leave()) / (self.alive + self.gone),
            "expected_purchases": self.discounted(mpf(0)),
            "discounted": self.discounted(self.force),
            "probability_of_purchase": self.buys(),
            "purchase_pmf": self.pmf(),
            **self.later(),
        }
        return {
            name: float(value) if name == "log_likelihood" or value > mpf(10) ** -300 else 0.0
            for name, value in found.items()
        }


def draw(rng: random.Random) -> dict[str, float]:
    """A customer and parameters, anywhere or as met in practice, the limits among them."""

    def between(low: float, high: float) -> float:
        return low * (high / low) ** rng.random()

    wide = rng.random() < 0.5
    T = between(1e-3, 1e6) if wide else between(1, 300)
    x = float(rng.choice([0, 0, 1, int(between(1, 10_000)) if wide else int(between(1, 100)), 10_000 if wide else 30]))
    t_x = T * rng.choice([1.0, 1 - 1e-9, rng.random(), rng.random(), rng.random() ** 3]) if x else 0.0
    alpha, r = (between(1e-2, 1e4), between(1e-2, 1e4)) if wide else (between(1, 50), between(0.1, 5))
    a = rng.choice([1.0, 1 + 1e-9, 1 - 1e-12] + 6 * [between(1e-2, 1e3) if wide else between(0.1, 5)])
    b = between(1e-2, 1e4) if wide else between(0.5, 50)
    tau = T / between(0.5, 20_000 if wide else 30)
    if not x and rng.random() < 0.2:
        T = 0.0
    t = rng.choice([between(1e-10, 1e5) * tau, between(0.1, 30) * tau, between(0.1, 10) * (alpha + T), float("inf")])
    n = float(rng.choice([0, 0, 1, 2, int(between(1, 30)), int(between(1, 1000))]))
    force = rng.choice([between(1e-4, 1) / tau, between(1e-3, 0.1) / tau, -min(0.01 / tau, 20 / t), 1e-30])
    return {
        "r": r,
        "alpha": alpha,
        "a": a,
        "b": b,
        "tau": tau,
        "x": x,
        "t_x": t_x,
        "T": T,
        "t": t,
        "n": n,
        "force": force,
    }


def later(rng: random.Random, case: dict[str, float]) -> float:
    """When the interval ahead begins: at once or late, next to its length, to the age and to the chances to leave."""
    tau, t, spread = case["tau"], min(case["t"], 1e5 * case["tau"]), 10 ** rng.uniform(-2, 2)
    chances = 10 ** rng.uniform(-10, 5) * tau
    return rng.choice([chances, *2 * [spread * tau, spread * (case["T"] + tau)], 1e3 * t, 1e-6 * t, float("inf")])


def main() -> None:
    """Write the reference file, columns by name."""
    rng, other_rng = random.Random(2011), random.Random(2005)  # noqa: S311 (cases to test)
    drawn = [draw(rng) for _ in range(60)]
    drawn = [{**case, "after": later(other_rng, case)} for case in drawn]
    rows = [{**case, **{f"={key}": value for key, value in Case(case).values().items()}} for case in drawn]
    columns = {key: [row[key] for row in rows] for key in rows[0]}
    Path(__file__).with_name("periodic_death.json").write_text(json.dumps(columns, indent=0) + "\n")


if __name__ == "__main__":
    main()
