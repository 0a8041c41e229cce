"""Content as text for a terminal: headings and tables that also read well without color, or in a file.

Needs rich, which comes with the `cli` extra.
"""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from custvalue.reporting.content import Block, Columns, Notes, Pairs, Section, valuation_content
from custvalue.units import Unit
from custvalue.value.valuation import Valuation

_WIDTH = 100
"""Columns where there is no terminal to ask."""

_NARROWEST, _WIDEST = 80, 120
"""In less, numbers would be cut off; longer lines are hard to read, however wide the terminal."""


def print_valuation(valuation: Valuation, *, name: str, per: Unit = "year", top: int = 10) -> None:
    """Print a valuation on standard output: the log, values, top customers, models, checks.

    Parameters
    ----------
    valuation : Valuation
        What to print.
    name : str
        What the log is called.
    per : {"day", "week", "month", "quarter", "year"}
        The period that the rate of discount is shown per.
    top : int
        How many of the most valuable customers to list.
    """
    console = standard_output()
    console.print(Text(f"Customer value of {_plain(name)}", style="bold"))
    for section in valuation_content(valuation, per=per, top=top):
        for block in _rendered(section):
            console.print(block)


def standard_output() -> Console:
    """As wide as the terminal or COLUMNS; text is printed as it is, never taken for markup, nor refused."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # an id in letters that the encoding lacks is no reason to fail
    width = shutil.get_terminal_size((_WIDTH, 24)).columns
    return Console(width=min(max(width, _NARROWEST), _WIDEST), markup=False, highlight=False, emoji=False)


def _rendered(section: Section) -> Iterator[RenderableType]:
    """A section; what stands before the first heading is plain text."""
    if not section.title and isinstance(section.block, Notes):
        yield Text("\n".join(map(_plain, section.block.lines)))
        return
    yield Text(f"\n{section.title}", style="bold")
    yield from (Padding.indent(block, 2) for block in _block(section.block))


def _block(block: Block) -> Iterator[RenderableType]:
    match block:
        case Pairs():
            yield _pairs(block)
        case Columns():
            if block.caption:
                yield Text(block.caption)
            yield _columns(block)
        case Notes():
            for line in block.lines:
                bullet = Table.grid(padding=(0, 1, 0, 0))
                bullet.add_row("-", _plain(line))
                yield bullet


def _pairs(pairs: Pairs) -> Table:
    """Names, numbers and remarks, without rules."""
    grid = Table.grid(padding=(0, 3, 0, 0))
    grid.add_column()
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(style="dim")
    for row in pairs.rows:
        grid.add_row(*row)
    return grid


def _columns(columns: Columns) -> Table:
    """Columns of numbers under their heads; the first holds names, which may wrap."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column(columns.heads[0], overflow="fold", vertical="bottom")
    for head in columns.heads[1:]:
        table.add_column(head, justify="right", no_wrap=True)
    for row in columns.rows:
        table.add_row(*map(_plain, row))
    return table


def _plain(text: str) -> str:
    """Text without control characters, which would move the cursor or color the terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)
