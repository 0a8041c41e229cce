"""Values to hold the library against: of arithmetic in 40 digits, of lifelines and of other programs.

Each file `reference/NAME.json` was made by a script beside it, which says how; `reference/make_NAME.py`, or the one
that its tests name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).with_name("reference")

Case = dict[str, Any]


def reference(name: str) -> Any:
    """What stands in `reference/NAME.json`."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def every(cases: Iterable[Case], name: Callable[[Case], str]) -> pytest.MarkDecorator:
    """A test run over each of these cases, as `case`, under the name that says what it is."""
    return pytest.mark.parametrize("case", list(cases), ids=name)


def columns(name: str) -> dict[str, np.ndarray]:
    """Inputs and results of a file of predictions, by column, results after "="; NaN where a case has none.

    A file holds such columns, or a list of cases, which have inputs and results beside each other or the former under
    "model" and "rows" (x, t_x and the age) and the latter under "values".
    """
    stored = reference(name)
    if isinstance(stored, list):
        flat = [_flat(case) for case in stored]
        stored = {key: [case.get(key) for case in flat] for key in dict.fromkeys(key for case in flat for key in case)}
    return {key: np.array(values, dtype=float) for key, values in stored.items()}


def _flat(case: Case) -> Case:
    parts = {"model", "rows", "values"}
    history = dict(zip(("x", "t_x", "T"), case.get("rows", ()), strict=False))
    results = {f"={key}": value for key, value in case.get("values", {}).items()}
    return {key: value for key, value in case.items() if key not in parts} | case.get("model", {}) | history | results
