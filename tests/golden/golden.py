"""What must not change: every figure of the library, stored once and compared after each change.

    python tests/golden/golden.py write [NAME...]
    python tests/golden/golden.py check [--rtol 1e-12] [--times] [NAME...]
    python tests/golden/golden.py accept NAME...

`accept` stores anew the keys that differ, and those alone: what was meant to change is listed in CHANGED below.

The modules `cases_*.py` beside this file have `CASES: dict[str, Callable[[], Any]]`. A case returns numbers, strings,
None, arrays and (nested) dicts, lists and tuples of these; they are stored in `values_*.json`, by case and key. The
keys are the case's own words, so that a class can be renamed without touching what is stored. NAME picks a module
(`models`), a case, or all cases that begin with it.

Long arrays are stored as every k-th value, their shape and their sum. What an optimizer found is wrapped by
`estimated` and compared more loosely; an error that matters is stored by the name of its class, see `outcome`.
"""

from __future__ import annotations

import json
import math
import sys
import time
import warnings
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

CHANGED: Final = """
models: names are in alphabetical order; purchases of 1e8 weeks in the corner `large` moved by 3e-12 to 8e-12
evidence: columns of different lengths are a DataError; opportunities may have fractional weights; unit is required, so
    that neither both of unit and period nor none of them can be asked for; times between purchases heed
    first_purchase_from
retention: the parameter `captive` is `never_churn`
models, retention: a parameter given as text is a ParameterError
disclosures: a window that is missing is a ParameterError
discounting: par coupons of a curve went; churn: the Brier score went
survival: a column of n beside n rows is no grid any more: the cases ask row by row
"""
"""What is no longer as it was when these figures were first stored, before the rooms of the library were laid out."""
HERE: Final = Path(__file__).resolve().parent
MOST_STORED: Final = 40
"""Arrays of more values are thinned, to at most `SAMPLE` of them."""
SAMPLE: Final = 16
FLOOR: Final = 1e-300
ESTIMATED: Final = 1e-6
AT_MAXIMUM: Final = 1e-11


class Marked(NamedTuple):
    """A value with a tolerance of its own."""

    value: Any
    rtol: float
    atol: float


def estimated(value: Any, rtol: float = ESTIMATED, atol: float = 0.0) -> Marked:
    """Return `value`, any nested result, as something that an optimizer found or that follows from it."""
    return Marked(value, rtol, atol)


def at_maximum(value: Any) -> Marked:
    """Return a log-likelihood at its maximum, or what is its sum with a constant: flat there, so compared closely."""
    return Marked(value, AT_MAXIMUM, 0.0)


def outcome(case: Callable[[], Any]) -> Any:
    """Return what `case` gives, or the name of the class of the error that it raises."""
    try:
        return case()
    except Exception as error:  # noqa: BLE001 (that is the question)
        return f"raises {type(error).__name__}"


def brief(values: Any, most: int = 6) -> dict[str, Any]:
    """Return a few of many values and their sum: of what is drawn at random, where one wrong draw changes all."""
    flat = np.asarray(values, dtype=np.float64).ravel()
    return {"some": flat[:: max(1, -(-len(flat) // most))], "sum": math.fsum(flat[np.isfinite(flat)])}


def warned(case: Callable[[], Any]) -> dict[str, Any]:
    """Return what `case` gives, and the classes of the warnings on the way."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = case()
    return {"value": value, "warnings": sorted(warning.category.__name__ for warning in caught)}


class Stored(NamedTuple):
    """Flat values under one key, and how closely they are compared (relative, absolute); scale: relative to what."""

    values: list[Any]
    rtol: float | None = None
    atol: float = 0.0
    scale: float = 0.0


def flatten(value: Any, key: str = "", rtol: float | None = None, atol: float = 0.0) -> Iterator[tuple[str, Stored]]:
    """Yield keys and flat values of a case's result."""
    if isinstance(value, Marked):
        yield from flatten(value.value, key, value.rtol, value.atol)
    elif isinstance(value, Mapping):
        if not value:
            yield key, Stored(["{}"])
        for name, part in value.items():
            yield from flatten(part, f"{key}/{name}" if key else str(name), rtol, atol)
    elif value is None or isinstance(value, bool | int | float | str | np.generic):
        yield key, Stored([_plain(value)], rtol, atol)
    elif isinstance(value, list | tuple) and not _is_flat(value):
        for position, part in enumerate(value):
            yield from flatten(part, f"{key}/{position}" if key else str(position), rtol, atol)
    elif isinstance(value, np.ndarray | list | tuple):
        yield from _array(np.asarray(value) if isinstance(value, np.ndarray) else value, key, rtol, atol)
    elif hasattr(value, "__attrs_attrs__"):
        fields = (field.name for field in value.__attrs_attrs__ if not field.name.startswith("_"))
        yield from flatten({name: getattr(value, name) for name in fields}, key, rtol, atol)
    else:
        yield key, Stored([_plain(value)], rtol, atol)


def _is_flat(values: list[Any] | tuple[Any, ...]) -> bool:
    return all(part is None or isinstance(part, bool | int | float | str | np.generic) for part in values)


def _array(values: Any, key: str, rtol: float | None, atol: float) -> Iterator[tuple[str, Stored]]:
    if isinstance(values, np.ndarray):
        if values.ndim > 1:
            yield f"{key}#shape", Stored([int(size) for size in values.shape])
        values = values.ravel().tolist() if values.dtype.kind not in "mM" else [str(each) for each in values.ravel()]
    flat = [_plain(each) for each in values]
    if len(flat) <= MOST_STORED:
        yield key, Stored(flat, rtol, atol)
        return
    step = -(-len(flat) // SAMPLE)
    yield key, Stored(flat[::step], rtol, atol)
    if not all(isinstance(each, bool | int | float) for each in flat):
        yield f"{key}#size", Stored([len(flat), len(set(map(str, flat)))])  # of texts how many differ
        return
    finite = [each for each in flat if math.isfinite(each)]
    yield f"{key}#size", Stored([len(flat), len(finite)])
    size = math.fsum(abs(each) for each in finite)
    yield f"{key}#sum", Stored([_plain(math.fsum(finite))], rtol, atol * len(finite), size)


def _plain(value: Any) -> Any:
    if isinstance(value, np.datetime64 | np.timedelta64):
        return str(value)
    if isinstance(value, np.generic):
        value = value.item()
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


# -- Comparison -------------------------------------------------------------------------------------------------------


def difference(stored: Any, found: Any, scale: float = 0.0) -> tuple[float, float]:
    """Return the absolute and the relative difference of two plain values; infinite if they are of another kind."""
    if isinstance(stored, bool | int | float) and isinstance(found, bool | int | float):
        if stored == found or (math.isnan(stored) and math.isnan(found)):
            return 0.0, 0.0
        size = max(abs(stored), abs(found), scale)
        apart = abs(stored - found)
        if not math.isfinite(apart):
            return math.inf, math.inf
        return apart, apart / size
    return (0.0, 0.0) if stored == found else (math.inf, math.inf)


def mismatches(stored: dict[str, list[Any]], found: dict[str, Stored], rtol: float) -> Iterator[str]:
    """Yield a line for each value of a case that is not what is stored."""
    for key in sorted(stored.keys() - found.keys()):
        yield f"{key}: stored, not found"
    for key, entry in found.items():
        if key not in stored:
            yield f"{key}: found, not stored"
            continue
        if len(stored[key]) != len(entry.values):
            yield f"{key}: stored {len(stored[key])} values, found {len(entry.values)}"
            continue
        close = entry.rtol if entry.rtol is not None else rtol
        for position, (old, new) in enumerate(zip(map(_decoded, stored[key]), entry.values, strict=True)):
            apart, relative = difference(old, new, entry.scale)
            if relative > close and apart > max(entry.atol, FLOOR):
                yield f"{key}[{position}]: stored {old!r}, found {new!r}, relative difference {relative:.3g}"


_SPECIAL: Final = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}


def _decoded(value: Any) -> Any:
    return _SPECIAL.get(value, value) if isinstance(value, str) else value


def _encoded(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


# -- Cases and files --------------------------------------------------------------------------------------------------


def modules(names: list[str]) -> dict[str, dict[str, Callable[[], Any]]]:
    """Return the cases of each module beside this file; of those that are named, if only modules are."""
    found = sorted(path.stem.removeprefix("cases_") for path in HERE.glob("cases_*.py"))
    picked = names if names and set(names) <= set(found) else found
    return {name: import_module(f"cases_{name}").CASES for name in picked}


def run(case: Callable[[], Any]) -> dict[str, Stored]:
    """Return the flat values of a case; two equal keys are an error of its author."""
    found: dict[str, Stored] = {}
    for key, entry in flatten(case()):
        if key in found:
            raise ValueError(f"the key {key!r} occurs twice")
        found[key] = entry
    return found


def load(module: str) -> dict[str, dict[str, list[Any]]]:
    """Return what is stored for a module, by case and key."""
    path = HERE / f"values_{module}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def save(module: str, values: dict[str, dict[str, list[Any]]]) -> None:
    """Store a module's values: one line per key."""
    lines = []
    for case in sorted(values):
        inner = ",\n".join(f"{json.dumps(key)}:{_line(values[case][key])}" for key in sorted(values[case]))
        lines.append(f"{json.dumps(case)}:{{\n{inner}\n}}")
    (HERE / f"values_{module}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _line(values: list[Any]) -> str:
    return json.dumps([_encoded(value) for value in values], separators=(",", ":"))


def _picked(module: str, case: str, names: list[str]) -> bool:
    return not names or any(name == module or case.startswith(name) for name in names)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def go_through(module: str, cases: dict[str, Callable[[], Any]], arguments: Namespace) -> tuple[int, int]:
    """Check or write the cases of a module; return the number of keys and of mismatches."""
    stored, wrong, keys = load(module), [], 0
    values = {case: entry for case, entry in stored.items() if case in cases}
    if not arguments.names:
        wrong += [f"{case}: stored, but there is no such case" for case in sorted(stored.keys() - cases.keys())]
    for name in [case for case in cases if _picked(module, case, arguments.names)]:
        begun = time.process_time()
        try:
            found = run(cases[name])
        except Exception as error:
            if arguments.command == "write":
                error.add_note(f"in case {name!r} of {module}")
                raise
            wrong.append(f"{name}: raises {type(error).__name__}: {error}")
            continue
        keys += len(found)
        lines = list(mismatches(stored.get(name, {}), found, arguments.rtol))
        values[name] = {key: entry.values for key, entry in found.items()}
        if arguments.command == "accept":
            same = {key: old for key, old in stored.get(name, {}).items() if not _named(key, lines)}
            values[name] |= {key: old for key, old in same.items() if key in found}
            lines = []
        wrong += [f"{name}: {line}" for line in lines]
        if arguments.times:
            _say(f"{time.process_time() - begun:8.2f} s  {module}: {name}")
    if arguments.command in ("accept", "write"):
        if keys:
            save(module, values)
        return keys, 0
    for line in wrong:
        _say(f"{module}: {line}")
    return keys, len(wrong)


def _named(key: str, lines: list[str]) -> bool:
    """Whether a line of mismatches is about a key."""
    return any(line.startswith((f"{key}: ", f"{key}[")) for line in lines)


def main() -> int:
    """Write, accept or check; return the exit code."""
    parser = ArgumentParser(description="Store the library's figures, or compare them with what is stored.")
    parser.add_argument("command", choices=["accept", "check", "write"])
    parser.add_argument("names", nargs="*", metavar="NAME", help="a module, a case, or how cases begin")
    parser.add_argument("--rtol", type=float, default=1e-12, help="of values that no optimizer found (1e-12)")
    parser.add_argument("--times", action="store_true", help="CPU seconds of each case")
    arguments = parser.parse_intermixed_args()
    if arguments.command == "accept" and not arguments.names:
        parser.error("accept needs the names of cases")
    started = time.process_time()
    counts = [go_through(module, cases, arguments) for module, cases in modules(arguments.names).items()]
    keys, wrong = (sum(each) for each in zip(*counts, strict=True))
    verb = "gone through" if arguments.command != "check" else f"compared, {wrong:,} mismatches"
    _say(f"{keys:,} keys {verb}; {time.process_time() - started:.1f} s of CPU time")
    return 1 if wrong or not keys else 0


if __name__ == "__main__":
    sys.path.insert(1, str(HERE.parents[1] / "src"))  # this checkout's library, not another that is installed
    from golden import main as run_main  # so that the cases' `golden` is the one that runs

    sys.exit(run_main())
