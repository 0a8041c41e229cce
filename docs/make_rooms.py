"""Draw the rooms: _static/rooms.svg, the picture in design.md.

    python docs/make_rooms.py

Floors are those of tests/test_layers.py, which checks that imports only ever point down; a test compares the two.
"""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

FLOORS: list[dict[str, list[str]]] = [
    {"cli": ["custvalue value, custvalue models, custvalue reproduce"]},
    {"reporting": ["what is printed: tables in the terminal"]},
    {"reproductions": ["published figures, recomputed; papers/: forms that one paper uses"]},
    {
        "firm": ["disclosures, projections,", "shareholder value"],
        "relationships": ["every party: strength,", "satisfaction, portfolio, risk"],
    },
    {"value": ["the one call, clv, its checks; formulas/  migration/  base/  budgets/"]},
    {"churn": ["rates, lift, expected maximum profit, whom to contact"]},
    {
        "survival": ["Kaplan-Meier, log-rank, Cox,", "hazards by period"],
        "evaluation": ["holdouts, comparison", "of models"],
    },
    {
        "models": [
            "a model is its parameters: one file per model in buying/  spend/  retention/",
            "their families, what several compute with (buying/engines/), the registry",
        ]
    },
    {"inference": ["transforms, maximum likelihood, estimates: Fit"]},
    {
        "evidence": ["RFM, Opportunities, Tenures;", "logs/ reads files, dataframes"],
        "datasets": ["CDNOW, donations"],
    },
    {"discounting": ["rates, curves, present values, rates of return"]},
    {"records": ["Customer, Relationship, CashFlow"]},
    {
        "numerics": ["quadrature, sums,", "special functions"],
        "errors, units": ["_typing  _columns  _arguments", "_results  _lazy"],
    },
]
"""Floors from the top down: rooms, and what is in them."""

WIDTH, GAP, LINE, PAD, INDENT = 760, 8, 17, 10, 120
STYLE = """
  text { font-family: system-ui, "DejaVu Sans", sans-serif; font-size: 13px; fill: #1f2933; }
  .room { font-weight: 600; }
  rect { fill: #eef3f8; stroke: #7b93ab; }
"""


def height(floor: dict[str, list[str]]) -> int:
    return 2 * PAD + LINE * max(len(lines) for lines in floor.values()) - 4


def text(x: int, y: int, words: str, kind: str = "") -> str:
    return f'<text x="{x}" y="{y}"{kind}>{escape(words)}</text>'


def box(x: int, y: int, width: int, tall: int, name: str, lines: list[str]) -> list[str]:
    base = y + PAD + 11
    inside = [text(x + PAD + INDENT, base + LINE * i, line) for i, line in enumerate(lines)]
    edge = f'<rect x="{x}" y="{y}" width="{width}" height="{tall}" rx="5"/>'
    return [edge, text(x + PAD, base, name, ' class="room"'), *inside]


def drawing() -> str:
    """The picture as it must be."""
    parts, y = [], GAP
    for floor in FLOORS:
        width = (WIDTH - GAP * (1 + len(floor))) // len(floor)
        for i, (name, lines) in enumerate(floor.items()):
            parts += box(GAP + i * (width + GAP), y, width, height(floor), name, lines)
        y += height(floor) + GAP
    about = "Rooms of the library in floors; imports point down only"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" role="img" aria-label="{about}">'
    return "\n".join([head, f"<style>{STYLE}</style>", *parts, "</svg>", ""])


if __name__ == "__main__":
    (Path(__file__).parent / "_static" / "rooms.svg").write_text(drawing(), encoding="utf-8")
