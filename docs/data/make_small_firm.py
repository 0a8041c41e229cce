"""Simulate the small firm of the page "A small firm": relationships.csv and cash_flows.csv. Invented, with a seed."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
NOW = dt.date(2025, 12, 31)
TYPES = ["best friends", "teammates", "old friends", "fleeting acquaintances", "complete strangers", "ex-friends"]


def main() -> None:
    """Write both files."""
    rng = np.random.default_rng(2025)
    rows, flows = [], []
    for party, count in (("customer", 30), ("supplier", 5), ("employee", 8), ("channel partner", 3)):
        for i in range(1, count + 1):
            name = f"{party.split()[0]} {i:02d}"
            start = NOW - dt.timedelta(days=int(rng.integers(200, 3000)))
            mood = rng.beta(4, 2)
            rows.append(
                {
                    "id": name,
                    "party": party,
                    "start": start.isoformat(),
                    "end": "",
                    "contractual": int(party != "customer"),
                    "valence": "positive" if mood > 0.6 else "negative" if mood < 0.4 else "",
                    "type": TYPES[min(int((1 - mood) * 7), 5)] if party == "customer" else "",
                    "satisfaction": round(1 + 6 * mood),
                    "trust": "" if rng.random() < 0.2 else round(1 + 6 * np.clip(mood + rng.normal(0, 0.15), 0, 1)),
                    "breadth": int(rng.integers(1, 6)),
                }
            )
            flows += payments(name, party, start, rng)
    write("relationships.csv", rows)
    write("cash_flows.csv", sorted(flows, key=lambda flow: (flow["when"], flow["id"])))


def payments(name: str, party: str, start: dt.date, rng: np.random.Generator) -> list[dict[str, object]]:
    """What changed hands, a few times a year."""
    size = float(rng.lognormal(7, 0.8))
    pace = float(rng.uniform(40, 160))
    found: list[dict[str, object]] = []
    day = start
    while day <= NOW:
        amount = round(size * rng.lognormal(0, 0.2), 2)
        for kind, share in shares(party, rng):
            found.append({"id": name, "when": day.isoformat(), "amount": round(amount * share, 2), "kind": kind})
        day += dt.timedelta(days=max(1, int(rng.exponential(pace))))
    return found


def shares(party: str, rng: np.random.Generator) -> list[tuple[str, float]]:
    """Kinds of cash flow and their size, as shares of what changes hands."""
    if party == "customer":
        return [("purchase", 1.0), ("cost of goods", -0.6), ("cost to serve", -float(rng.uniform(0.05, 0.6)))]
    if party == "supplier":
        return [("purchase", -1.0), ("goods resold", 1.1), ("quality cost", -float(rng.uniform(0.0, 0.25)))]
    if party == "employee":
        return [("salary", -1.0), ("contribution", float(rng.uniform(0.8, 1.6)))]
    return [("sales through partner", 1.0), ("commission", -0.25), ("cost of goods", -0.6)]


def write(file: str, rows: list[dict[str, object]]) -> None:
    """Write rows as CSV."""
    with (HERE / file).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
