"""Imports within the package point one way, and what is private stays in its room.

The order of the rooms is written here once. A room may import the rooms below it and itself. No modules import each
other in a circle: what is imported inside functions or for type checkers counts, what the `__init__` of a room gathers
does not, since it only repeats the names of its modules.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import custvalue

SOURCE = Path(custvalue.__file__).parent

FLOORS = (
    {"errors", "units", "_typing", "_columns", "_lazy", "_arguments", "_results", "numerics"},
    {"records"},
    {"discounting"},
    {"evidence", "datasets"},
    {"inference"},
    {"models"},
    {"survival", "evaluation"},
    {"churn"},
    {"value"},
    {"firm", "relationships"},
    {"reproductions"},
    {"reporting", "interop"},
    {"cli"},
    {"", "__main__"},
)
"""Rooms from the ground up; "" is the package itself, which only gathers the public names."""

LEVEL = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}

HEAVY = (
    "cyclopts",
    "duckdb",
    "matplotlib",
    "narwhals",
    "pandas",
    "polars",
    "pyarrow",
    "rich",
    "scipy.interpolate",
    "scipy.optimize",
    "scipy.stats",
)
"""Libraries that are imported inside the functions that use them: optional, or slow to load."""

ABOUT_A_LIBRARY = {
    "evidence.logs.lazy",
    "evidence.logs.lazy_times",
    "reporting.reproductions",
    "reporting.terminal",
}
"""Modules that load one of these, and are themselves imported inside functions: narwhals' plans, rich's tables."""


def name_of(path: Path) -> str:
    """Name of the module in a file, below the package: 'models.buying.family', '' for the package itself."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {name_of(path): path for path in sorted(SOURCE.rglob("*.py"))}
MODULES = [name for name, path in FILES.items() if path.name != "__init__.py"]
"""Those that hold something of their own."""


def room(module: str) -> str:
    return module.partition(".")[0]


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(FILES[module].read_text("utf-8"))


def imported(node: ast.AST) -> list[str]:
    """What one import statement names: modules, or names within modules."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"line {node.lineno}: imports within the package are absolute"
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def own(node: ast.AST) -> list[str]:
    """Modules and names of the package that one import statement names, without the leading 'custvalue.'."""
    names = [name.removeprefix("custvalue").removeprefix(".") for name in imported(node) if is_in(name, "custvalue")]
    return [name for name in names if name]


def is_in(name: str, library: str) -> bool:
    return name == library or name.startswith(f"{library}.")


def module_of(name: str) -> str:
    """The module that holds a name, or that has it: where a room only gathers the name, the module it comes from."""
    if name in FILES and name in MODULES:
        return name
    package, _, last = name.rpartition(".")
    if name in FILES or package not in FILES or package in MODULES:
        return name if name in FILES else package
    gathered = {each.rpartition(".")[2]: each for node in ast.walk(tree(package)) for each in own(node)}
    return module_of(gathered[last]) if gathered.get(last, name) != name else package


def statements(node: ast.AST, *, inside: bool = False) -> Iterator[tuple[ast.AST, bool]]:
    """Import statements that run, and whether they stand in a function; those for type checkers are left out."""
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
        return
    inside |= isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node, inside
    for child in ast.iter_child_nodes(node):
        yield from statements(child, inside=inside)


def needs(module: str) -> set[str]:
    """Modules whose names are used in `module`, wherever they are imported."""
    return {module_of(name) for node in ast.walk(tree(module)) for name in own(node)}


def private_to(name: str) -> str | None:
    """The room within which a name may be used, if a part of it is private; what is private at the top is for all."""
    parts = name.split(".")
    first = next((i for i, part in enumerate(parts) if part.startswith("_") and not part.startswith("__")), 0)
    return ".".join(parts[:first]) if first else None


def test_the_rooms_are_found() -> None:
    assert {"errors", "records.customer", "models.buying.family"} <= FILES.keys()
    assert needs("records.customer") >= {"records.relationship", "records.cash_flow"}


@pytest.mark.parametrize("module", FILES)
def test_imports_point_one_way(module: str) -> None:
    here = LEVEL[room(module)]
    wrong = {name for name in needs(module) if room(name) != room(module) and LEVEL[room(name)] > here}
    assert not wrong, f"custvalue.{module} stands below {sorted(wrong)} and must not import them"


def test_nothing_runs_in_a_circle() -> None:
    try:
        TopologicalSorter({module: needs(module) & set(MODULES) for module in MODULES}).prepare()
    except CycleError as error:
        pytest.fail(f"modules that import each other: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize("module", MODULES)
def test_what_is_private_stays_in_its_room(module: str) -> None:
    names = [name for node in ast.walk(tree(module)) for name in own(node)]
    homes = {name: private_to(name) for name in names}
    wrong = {name for name, home in homes.items() if home and not is_in(module, home if "." in home else room(home))}
    assert not wrong, f"custvalue.{module} uses what is private to another room: {sorted(wrong)}"


@cache
def is_heavy(module: str) -> bool:
    """Whether loading a module loads a heavy library."""
    return any(
        any(is_in(name, library) for library in HEAVY for name in imported(node))
        or any(is_heavy(module_of(name)) for name in own(node) if module_of(name) != module)
        for node, inside in statements(tree(module))
        if not inside
    )


def test_heavy_libraries_are_imported_inside_functions() -> None:
    """Or by modules that are about nothing else, which others import inside functions."""
    assert {module for module in MODULES if is_heavy(module)} <= ABOUT_A_LIBRARY


@pytest.mark.parametrize("module", MODULES)
def test_everything_else_is_imported_at_the_top(module: str) -> None:
    names = [name for node, inside in statements(tree(module)) if inside for name in own(node)]
    late = [name for name in names if not is_heavy(module_of(name))]
    assert not late, f"custvalue.{module} must import {late} at its top"


def test_imports_are_read() -> None:
    code = (
        "import custvalue.models\nfrom custvalue.models import registry\nfrom custvalue.units import as_unit\nimport os"
    )
    names = [name for node in ast.parse(code).body for name in own(node)]
    assert names == ["models", "models.registry", "units.as_unit"]
    assert [module_of(name) for name in names] == ["models", "models.registry", "units"]
    assert module_of("survival.kaplan_meier.kaplan_meier") == "survival.kaplan_meier"
    assert module_of("churn.profit_curve") == "churn.targeting"


def test_imports_in_functions_and_for_type_checkers_are_told_apart() -> None:
    code = "if TYPE_CHECKING:\n    import a\ndef f():\n    import b\nclass C:\n    import c\n"
    assert [(imported(node), inside) for node, inside in statements(ast.parse(code))] == [(["b"], True), (["c"], False)]


def test_what_is_private_is_known() -> None:
    homes = {name: private_to(name) for name in ("units.as_unit", "_typing.Array", "models._x.y", "a.b._c.d", "a.b._c")}
    assert list(homes.values()) == [None, None, "models", "a.b", "a.b"]
