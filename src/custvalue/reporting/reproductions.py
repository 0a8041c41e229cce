"""The ledger of published numbers as text for a terminal, or for a file that a program reads.

Needs rich, which comes with the `cli` extra.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from custvalue.reporting.terminal import standard_output
from custvalue.reproductions.ledger import AREAS, Ledger, Reproduction

_WIDTHS = (14, 16, 7)
_NUMBERS = sum(_WIDTHS) + 2 * len(_WIDTHS)
"""What the columns of numbers take of a line."""


def print_ledger(ledger: Ledger) -> None:
    """Print the ledger on standard output: its areas, sources and numbers, then why some differ."""
    console = standard_output()
    for area in dict.fromkeys(row.area for row in ledger):
        rows = [row for row in ledger if row.area == area]
        console.print(Text(f"{area}: {AREAS[area]}", style="bold"))
        for source in dict.fromkeys(row.source for row in rows):
            console.print(_table(source, [row for row in rows if row.source == source], console.width - _NUMBERS))
        console.print()
    notes = dict.fromkeys((row.source, row.note) for row in ledger.differing)
    for source, note in notes:
        console.print(Text(f"differs ({source}): {note}"))
    console.print(Text(repr(ledger), style="bold"))


def write_ledger(ledger: Ledger) -> None:
    """Write the ledger to standard output as CSV, all digits kept."""
    table = ledger.table()
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(table)
    writer.writerows(zip(*(column.tolist() for column in table.values()), strict=True))


def _table(source: str, rows: list[Reproduction], width: int) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column(source, overflow="fold", width=width, vertical="bottom")
    for head, digits in zip(("published", "computed", ""), _WIDTHS, strict=True):
        table.add_column(head, justify="right", no_wrap=True, width=digits)
    for cells in _cells(rows):
        table.add_row(*cells)
    return table


def _cells(rows: list[Reproduction]) -> Iterator[tuple[str, str, str, str]]:
    for row in rows:
        decimals = len(row.published.partition(".")[2])
        yield row.quantity, row.published, f"{row.computed:.{decimals + 2}f}", row.verdict
