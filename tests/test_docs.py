"""The documentation names everything public, and the code that its build does not run is at least Python."""

from __future__ import annotations

import re
from importlib.util import module_from_spec, spec_from_file_location
from operator import attrgetter
from pathlib import Path
from types import ModuleType

import pytest
from test_layers import FLOORS
from test_public_api import EVERYTHING

import custvalue as cv

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(DOCS.glob("*.md")) + sorted(DOCS.glob("models/*.md"))


def script(name: str) -> ModuleType:
    """A script of the documentation, loaded but not run."""
    spec = spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_up_to_date() -> None:
    assert (DOCS / "api.md").read_text(encoding="utf-8") == script("make_api").page(), "run: python docs/make_api.py"


def test_the_reference_lists_every_public_name() -> None:
    listed = [name for names in script("make_api").sections().values() for name in names]
    assert len(listed) == len(set(listed))
    found = [getattr(cv, name) if "." not in name else resolved(name) for name in listed]
    missing = [name for name in EVERYTHING if name != "datasets" and not any(item is got(name) for item in found)]
    assert not missing
    assert {"datasets.cdnow", "datasets.cdnow_full"} <= set(listed)


def got(name: str) -> object:
    return attrgetter(name)(cv)


def resolved(name: str) -> object:
    """What a path of modules and a name stand for, as the documentation builder finds it."""
    from importlib import import_module

    module, _, last = name.rpartition(".")
    return getattr(import_module(f"custvalue.{module}"), last)


def test_the_drawing_shows_the_rooms_as_they_are() -> None:
    rooms = script("make_rooms")
    stored = (DOCS / "_static" / "rooms.svg").read_text(encoding="utf-8")
    assert stored == rooms.drawing(), "run: python docs/make_rooms.py"
    built = {path.stem for path in Path(cv.__file__).parent.iterdir() if path.stem[:2] != "__"}
    floors = [floor & built for floor in FLOORS if floor & built]
    for drawn, floor in zip(reversed(rooms.FLOORS), floors, strict=True):
        assert floor <= set(re.findall(r"\w+", str(drawn)))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_code_that_is_shown_and_not_run_compiles(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for code in re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        compile(code, str(page), "exec")
    assert "file_format: mystnb" in text or "{code-cell}" not in text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_tables_of_names_name_what_exists(page: Path) -> None:
    for name in re.findall(r"`cv\.([\w.]+)", page.read_text(encoding="utf-8")):
        try:
            attrgetter(name.rstrip("."))(cv)
        except AttributeError:
            pytest.fail(f"{page.name}: cv.{name}")


FILES = re.compile(r"`((?:src|tests|docs|benchmarks)/[\w./*]+|(?:\w+/)+[\w*]+\.py)`")


@pytest.mark.parametrize("page", [DOCS / "design.md", DOCS.parent / "CONTRIBUTING.md"], ids=lambda page: page.stem)
def test_files_that_are_named_exist(page: Path) -> None:
    roots = (DOCS.parent, Path(cv.__file__).parent)
    named = FILES.findall(page.read_text(encoding="utf-8"))
    assert named
    assert not [name for name in named if not any(list(root.glob(name)) for root in roots)]
