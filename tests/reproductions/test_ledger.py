"""The ledger: every published number either agrees to the last digit printed or says why not."""

from __future__ import annotations

from importlib import import_module

import pytest

from custvalue.errors import ParameterError
from custvalue.reproductions import AREAS, Ledger, Reproduction, run

ROWS = {"harvard": 30, "formulas": 83, "buying": 97, "contracts": 53, "churn": 13, "corporate": 3, "discounting": 38}
"""At least so many numbers in each area."""
DIFFERING = {"harvard": 4, "formulas": 0, "buying": 18, "contracts": 0, "churn": 0, "corporate": 0, "discounting": 1}
"""At most so many of them differ."""


@pytest.fixture(scope="module", params=list(AREAS))
def ledger(request: pytest.FixtureRequest) -> tuple[str, Ledger]:
    return request.param, run(request.param)


def test_numbers_agree_or_say_why(ledger: tuple[str, Ledger]) -> None:
    area, rows = ledger
    assert len(rows) >= ROWS[area]
    assert len(rows.differing) <= DIFFERING[area]
    assert [row for row in rows.differing if not row.note] == []
    assert {row.area for row in rows} == {area}
    assert [row for row in rows if row.mark not in {"documented", "memory", "reconstructed", "reference"}] == []


def test_each_number_stands_once(ledger: tuple[str, Ledger]) -> None:
    names = [(row.source, row.quantity) for row in ledger[1]]
    assert len(set(names)) == len(names)


def test_what_is_printed_says_how_exact_it_is() -> None:
    def row(printed: str, computed: float) -> Reproduction:
        return Reproduction("source", "quantity", printed, computed, "memory")

    assert row("4.40", 4.3995).agrees
    assert not row("4.40", 4.3949).agrees
    assert row("-9582.4", -9582.429).verdict == "agrees"
    assert row("8000", 8000.6).verdict == "differs"
    assert row("8000", 8000.6).difference == pytest.approx(0.6)


def test_the_ledger_is_a_table() -> None:
    rows = run("harvard")
    table = rows.table()
    assert {len(column) for column in table.values()} == {len(rows)}
    assert table["verdict"].tolist() == [row.verdict for row in rows]
    assert "published numbers" in repr(rows)


def test_an_unknown_area_is_refused() -> None:
    with pytest.raises(ParameterError, match="area must be 'harvard', 'formulas'"):
        run("pizza")


def test_every_area_is_a_module() -> None:
    for area in AREAS:
        assert callable(import_module(f"custvalue.reproductions.{area}").entries)
