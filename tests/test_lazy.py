"""Packages load their public names when they are first asked for, and show them whatever has been loaded."""

from __future__ import annotations

import subprocess
import sys

LAZY = """
import sys
import custvalue.discounting.rate
assert "custvalue.discounting.irr" not in sys.modules
import custvalue.discounting.irr
import custvalue
assert callable(custvalue.discounting.irr), "the file must not hide the function in it"
assert custvalue.discounting.irr is custvalue.irr
assert "annuity" in dir(custvalue.discounting)
from custvalue.discounting import mirr, payback
assert callable(mirr) and callable(payback)
try:
    custvalue.discounting.coupon
except AttributeError as error:
    assert str(error) == "module 'custvalue.discounting' has no attribute 'coupon'", error
else:
    raise AssertionError
"""


def test_names_are_loaded_when_asked_for_and_files_do_not_hide_them() -> None:
    subprocess.run([sys.executable, "-c", LAZY], check=True)  # noqa: S603
