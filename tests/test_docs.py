"""The documentation names everything public, and the code that its build does not run is at least Python."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import custvalue as cv

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(DOCS.glob("*.md")) + sorted(DOCS.glob("models/*.md"))


def test_the_reference_lists_every_public_name() -> None:
    listed = set(re.findall(r"^   (\S+)$", (DOCS / "api.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(cv.__all__) - listed == {"__version__", "datasets"}
    assert {"datasets.cdnow", "datasets.cdnow_full"} <= listed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_code_that_is_shown_and_not_run_compiles(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for code in re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        compile(code, str(page), "exec")
    assert "file_format: mystnb" in text or "{code-cell}" not in text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_tables_of_names_name_what_exists(page: Path) -> None:
    for name in re.findall(r"`cv\.(\w+)", page.read_text(encoding="utf-8")):
        assert hasattr(cv, name), f"{page.name}: cv.{name}"
