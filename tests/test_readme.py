"""README's Python blocks run as they stand, and print what stands below them; its links lead somewhere."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import custvalue as cv

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.fixture
def in_a_folder_with_a_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"customer_id": "client", "date": "day", "amount": "total"}
    pd.DataFrame(cv.datasets.cdnow()).rename(columns=names).to_csv(tmp_path / "purchases.csv", index=False)
    monkeypatch.chdir(tmp_path)


def printed(code: str, namespace: dict[str, Any]) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(code, namespace)  # noqa: S102 (the project's own README)
    return out.getvalue()


@pytest.mark.usefixtures("in_a_folder_with_a_log")
def test_python_blocks_print_what_stands_below_them() -> None:
    namespace: dict[str, Any] = {}
    compared = 0
    for (kind, code), (below, expected) in zip(BLOCKS, [*BLOCKS[1:], ("", "")], strict=True):
        if kind != "python":
            continue
        out = printed(code, namespace)
        if below == "text":
            assert out == expected
            compared += 1
        else:
            assert not out
    assert compared == 2
    want = cv.value_customers(cv.datasets.cdnow(), rate=cv.Rate.annual(0.10), years=3, margin=0.30).total
    assert namespace["v"].total == pytest.approx(want, rel=1e-12)  # ids of a file are text: another order


@pytest.mark.usefixtures("in_a_folder_with_a_log")
def test_command_lines_are_understood(capsys: pytest.CaptureFixture[str]) -> None:
    from custvalue.cli import main

    lines = re.findall(r"custvalue (value .*?)(?:`|$)", README, re.MULTILINE)
    assert len(lines) == 3
    for line in lines:
        assert main(line.split()) == 0, line
        assert "customer equity" in capsys.readouterr().out


def test_links_lead_somewhere() -> None:
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", README) if "://" not in target]
    assert len(targets) > 10
    assert not [target for target in targets if not (ROOT / target).is_file()]
