"""Imports within the package point one way, and no two modules need each other to load.

The order of the rooms is written here once. A room may import the rooms below it and itself, inside functions and for
type checkers too; modules within a room may not import each other in a circle when they load.
"""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import custvalue

SOURCE = Path(custvalue.__file__).parent

FLOORS = (
    {"errors", "units", "_typing", "_columns", "_arguments", "numerics"},
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


def name_of(path: Path) -> str:
    """Name of the module in a file, below the package: 'models.buying.family', '' for the package itself."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room(module: str) -> str:
    return module.partition(".")[0]


FILES = {name_of(path): path for path in sorted(SOURCE.rglob("*.py"))}


def imported(node: ast.AST) -> list[str]:
    """Modules of the package that one import statement names, without the leading 'custvalue.'."""
    if isinstance(node, ast.Import):
        found = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"line {node.lineno}: imports within the package are absolute"
        found = [f"{node.module}.{alias.name}" for alias in node.names]
    else:
        return []
    own = [name.removeprefix("custvalue").removeprefix(".") for name in found if name.split(".")[0] == "custvalue"]
    return [name if name in FILES else name.rpartition(".")[0] for name in own]


def is_for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def on_load(node: ast.AST) -> list[str]:
    """Modules that are imported when a module is loaded: not in functions, not for type checkers alone."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or is_for_type_checkers(node):
        return []
    below = [name for child in ast.iter_child_nodes(node) for name in on_load(child)]
    return imported(node) + below


def tree(module: str) -> ast.Module:
    return ast.parse(FILES[module].read_text("utf-8"))


def loads(module: str) -> set[str]:
    """Modules that `module` needs to load."""
    return set(on_load(tree(module)))


def test_the_rooms_are_found() -> None:
    assert {"errors", "records.customer", "models.buying.family"} <= FILES.keys()
    assert loads("records.customer") >= {"records.relationship", "records.cash_flow"}


@pytest.mark.parametrize("module", FILES)
def test_imports_point_one_way(module: str) -> None:
    here = LEVEL[room(module)]
    level = [name for node in ast.walk(tree(module)) for name in imported(node)]
    wrong = {name for name in level if room(name) != room(module) and LEVEL[room(name)] > here}
    assert not wrong, f"custvalue.{module} stands below {sorted(wrong)} and must not import them"


def test_no_import_cycles() -> None:
    graph = {module: loads(module) for module in FILES if module}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"modules that need each other to load: {' -> '.join(error.args[1])}")


def test_imports_are_read() -> None:
    code = "import custvalue.models\nfrom custvalue.models import registry\nfrom custvalue.units import as_unit"
    names = [name for node in ast.parse(code).body for name in imported(node)]
    assert names == ["models", "models.registry", "units"]


def test_only_imports_on_load_count_for_cycles() -> None:
    lazy = "if TYPE_CHECKING:\n    import custvalue.units\ndef f():\n    import custvalue.units\n"
    assert on_load(ast.parse(lazy)) == []
    assert on_load(ast.parse("class A:\n    import custvalue.errors\n")) == ["errors"]
