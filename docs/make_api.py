"""Write api.md: every public name by room, from the stub and from what each room's `__init__` gathers.

    python docs/make_api.py

A test asks for it again when a public name has come, gone or moved.
"""

from __future__ import annotations

import ast
from pathlib import Path

DOCS = Path(__file__).parent
SOURCE = DOCS.parent / "src" / "custvalue"

TITLES = {
    "value": "The one call",
    "records": "Records",
    "evidence": "Evidence",
    "models.buying": "Models of buying and silent leaving",
    "models.spend": "Models of spend",
    "models.retention": "Models of retention",
    "inference": "What comes of a fit",
    "discounting": "Rates, curves and cash flows",
    "survival": "Survival",
    "evaluation": "Evaluation",
    "churn": "Churn",
    "value.formulas": "Values from assumptions alone",
    "value.migration": "Migration between states",
    "value.base": "The customer base",
    "value.budgets": "Budgets",
    "firm": "The value of the firm",
    "relationships": "Relationships and portfolio",
    "reproductions": "Published figures",
    "datasets": "Data sets",
    "errors": "Errors",
    "units": "Units",
}
"""Rooms in the order of the page, and what they are called there."""

CONCENTRATION = ("lorenz_curve", "gini", "whale_curve", "top_share", "unprofitable")
BESIDES = {
    "value": [
        "value.assumption_checks.Checks",
        *(f"value.concentration.{name}" for name in CONCENTRATION),
    ],
    "inference": ["inference.estimate.Estimate", "inference.maximum_likelihood.Problem"],
    "models.buying": [
        "models.buying.family.TransactionModel",
        "models.buying.regularity.estimate_regularity",
        "models.buying.regularity.Regularity",
    ],
    "models.spend": ["models.spend.family.SpendModel"],
    "models.retention": [
        "models.retention.family.RetentionModel",
        "models.retention.time.DiscreteRetentionModel",
        "models.retention.time.ContinuousRetentionModel",
    ],
    "datasets": ["datasets.cdnow", "datasets.cdnow_full", "datasets.donations"],
    "units": ["units.DAYS", "units.per_year"],
}
"""Public names that neither the stub nor a room's `__init__` gathers."""

CONSTANTS = {"AREAS"}
"""What rooms gather for the command line alone."""

HEAD = """# API reference

`import custvalue as cv`. A name without a path is `cv.<name>`; the others are in their rooms, `cv.churn.empc`. What
`custvalue.value` holds is reached without it: `cv.formulas`, `cv.migration`, `cv.base`, `cv.budgets`. Names are loaded
when they are first asked for, so that the import itself costs next to nothing.

<!-- written by docs/make_api.py -->
"""

LIST = """
## {title}

{about}

```{{eval-rst}}
.. currentmodule:: custvalue

.. autosummary::
   :toctree: api/generated

{names}
```
"""


def room_of(home: str) -> str:
    """The section in which a name of this module stands."""
    whole = home.removeprefix("custvalue.")
    inner = ".".join(whole.split(".")[:2])
    return inner if inner in TITLES else whole.partition(".")[0]


def gathered(folder: Path) -> dict[str, str]:
    """Names that a package takes from its modules, by its stub where it has one, and which module has them."""
    stub = folder / "__init__.pyi"
    text = (stub if stub.exists() else stub.with_suffix(".py")).read_text("utf-8")
    nodes = [node for node in ast.parse(text).body if isinstance(node, ast.ImportFrom)]
    names = {alias.name: str(node.module) for node in nodes for alias in node.names}
    room = ".".join(["custvalue", *folder.relative_to(SOURCE).parts, ""])
    return {name: home for name, home in names.items() if home.startswith(room) and name not in CONSTANTS}


def sections() -> dict[str, list[str]]:
    """Public names by room: those at the top first, then those of the room."""
    top = gathered(SOURCE)
    found: dict[str, list[str]] = {room: [] for room in TITLES}
    for name, home in top.items():
        if f"{home}.{name}".removeprefix("custvalue.") not in TITLES:  # not a room
            found[room_of(home)].append(name)
    for room in found:
        folder = SOURCE / room.replace(".", "/")
        inner = gathered(folder) if folder.is_dir() else {}
        found[room] += [f"{room}.{name}" for name in inner if name not in top] + BESIDES.get(room, [])
    return found


def about(room: str) -> str:
    """What a room says of itself, first."""
    path = SOURCE / room.replace(".", "/")
    module = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return (ast.get_docstring(ast.parse(module.read_text("utf-8"))) or "").partition("\n")[0]


def page() -> str:
    """The page as it must be."""
    lists = [
        LIST.format(title=TITLES[room], about=about(room), names="\n".join(f"   {name}" for name in names))
        for room, names in sections().items()
    ]
    return HEAD + "".join(lists)


if __name__ == "__main__":
    (DOCS / "api.md").write_text(page(), encoding="utf-8")
