"""The public names: exactly these, documented and typed; and what the distribution promises about itself."""

from __future__ import annotations

import ast
import inspect
import tomllib
from functools import cached_property
from importlib import import_module
from importlib.metadata import entry_points, version
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import pytest

import custvalue

STUB = ast.parse(Path(custvalue.__file__).with_suffix(".pyi").read_text("utf-8"))
HOMES = {alias.asname: node.module for node in STUB.body if isinstance(node, ast.ImportFrom) for alias in node.names}
"""What `import custvalue` promises, by the module that holds it: the stub is the one list."""
ROOMS = {
    "base",
    "budgets",
    "churn",
    "datasets",
    "discounting",
    "evaluation",
    "firm",
    "formulas",
    "migration",
    "relationships",
    "reproductions",
    "survival",
}
"""Of these, the rooms that are public as modules."""

OBJECTS = sorted(HOMES.keys() - ROOMS)


def shown(room: str) -> list[str]:
    """Names that a room shows as its own: classes and functions that its files define."""
    module = getattr(custvalue, room)
    own = {key: getattr(item, "__module__", "") for key, item in inspect.getmembers(module) if key[0] != "_"}
    return sorted(key for key, home in own.items() if home.startswith(module.__name__))


EVERYTHING = OBJECTS + ["datasets"] + [f"{room}.{name}" for room in sorted(ROOMS) for name in shown(room)]


def callables(name: str) -> dict[str, Any]:
    """What of a public name is called: a function, a module's functions, a class's constructor, methods, properties."""
    value = attrgetter(name)(custvalue)
    if isinstance(value, ModuleType):
        own = {key: item for key, item in vars(value).items() if getattr(item, "__module__", "") == value.__name__}
        return {key: item for key, item in own.items() if inspect.isfunction(item) and not key.startswith("_")}
    if not isinstance(value, type):
        return {name: value}
    found = {a.name: a for a in inspect.classify_class_attrs(value) if a.defining_class.__module__[:9] == "custvalue"}
    public = [a for a in found.values() if a.kind != "data" and (a.name[0] != "_" or a.name == "__init__")]
    return {a.name: computed(a.object) or getattr(value, a.name) for a in public}


def computed(attribute: Any) -> Any:
    """The function behind a property or a cached property, None for other attributes."""
    if isinstance(attribute, cached_property):
        return attribute.func
    return attribute.fget if isinstance(attribute, property) else None


def untyped(function: Any) -> list[str]:
    """Parameters without a type, 'return' if the result has none."""
    signature = inspect.signature(function)
    empty = [p.name for p in signature.parameters.values() if p.annotation is p.empty and p.name != "self"]
    return empty + ["return"] * (signature.return_annotation is signature.empty)


def test_the_names_at_the_top_are_those_of_the_stub() -> None:
    assert set(custvalue.__all__) == set(dir(custvalue)) == HOMES.keys() | {"__version__"}
    assert len(OBJECTS) <= 55, "about fifty names stand at the top; the rest are in their rooms"
    for name, home in HOMES.items():
        module = import_module(f"{home}.{name}" if name in ROOMS else home)
        assert getattr(custvalue, name) is (module if name in ROOMS else getattr(module, name))


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_rooms_show_what_their_files_hold(room: str) -> None:
    assert shown(room)


def test_names_that_are_not_public_are_refused_as_python_does() -> None:
    with pytest.raises(AttributeError, match="module 'custvalue' has no attribute 'betageo'"):
        custvalue.betageo  # noqa: B018


@pytest.mark.parametrize("name", EVERYTHING)
def test_docstrings_begin_with_a_sentence(name: str) -> None:
    first = (inspect.getdoc(attrgetter(name)(custvalue)) or "nothing").partition("\n")[0]
    assert first[0].isupper(), first
    assert first.endswith("."), first


@pytest.mark.parametrize("name", EVERYTHING)
def test_everything_callable_is_documented(name: str) -> None:
    value = attrgetter(name)(custvalue)
    named = {key: getattr(value, key, item) for key, item in callables(name).items() if key != "__init__"}
    assert [key for key, item in named.items() if not inspect.getdoc(item)] == []


@pytest.mark.parametrize("name", EVERYTHING)
def test_everything_callable_is_typed(name: str) -> None:
    value = attrgetter(name)(custvalue)
    fields = attrs.fields_dict(value) if isinstance(value, type) and attrs.has(value) else {}
    # attrs takes the types of a constructor from its converters, and of float, int and bool knows none
    plain = {key for key, item in fields.items() if item.converter in (float, int, bool) and item.type is not None}
    missing = {
        key: set(untyped(item)) - (plain if key == "__init__" else set()) for key, item in callables(name).items()
    }
    assert {key: names for key, names in missing.items() if names} == {}


def test_callables_are_found() -> None:
    assert {"__init__", "annual", "discount"} <= callables("Rate").keys()
    assert {"p_alive", "fit", "expected_purchases_new", "parameters"} <= callables("BetaGeoNBD").keys()
    assert {"cdnow", "cdnow_full"} <= callables("datasets").keys()
    assert untyped(lambda x: x) == ["x", "return"]


def test_the_version_is_the_distribution_s() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    assert custvalue.__version__ == version("custvalue") == project["version"]


def test_the_types_are_shipped() -> None:
    assert Path(custvalue.__file__).with_name("py.typed").exists()


def test_the_command_is_in_the_metadata() -> None:
    (command,) = entry_points(group="console_scripts", name="custvalue")
    assert command.value == "custvalue.cli:main"
