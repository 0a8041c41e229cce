"""A model is known by its file alone: fitted, printed, compared, valued, written as JSON, offered to users."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import custvalue as cv
from custvalue.errors import ParameterError
from custvalue.models.buying import nbd
from custvalue.models.registry import buying_model, buying_models, by_name
from custvalue.models.retention.family import RetentionModel

ONE_MORE = """
import sys
import custvalue as cv
from custvalue import cli
from custvalue.evaluation import choose
from custvalue.models import buying
from custvalue.models.registry import buying_model

buying.__path__.append(sys.argv[1])  # as if the file were in the folder
Toy = buying_model("toy")
rfm = cv.RFM.from_transactions(cv.datasets.cdnow(), amount="amount", unit="week")
fit, known = Toy.fit(rfm), cv.NBD.fit(rfm)
assert fit.log_likelihood == known.log_likelihood
assert "Toy" in repr(fit)
assert cv.Fit.from_json(fit.to_json(), Toy) == fit
assert list(fit.table()["parameter"]) == ["r", "alpha"]
assert set(choose(rfm, ["toy", "bg-nbd"]).fits) == {"Toy", "BetaGeoNBD"}
spend = cv.GammaGamma.fit(rfm).model
assert cv.clv(fit.model, spend, rfm, rate=cv.Rate.annual(0.1), years=3).shape == rfm.x.shape
assert cli.main(["models"]) == 0
assert cli.main(["value", "--dataset", "cdnow", "--model", "toy"]) == 0
"""
"""Run apart, as classes stay known to their bases for as long as the process runs."""


def test_one_file_adds_a_model(tmp_path: Path) -> None:
    text = Path(nbd.__file__).read_text(encoding="utf-8")
    toy = text.replace("class NBD(", "class Toy(").replace('Card("NBD", "nbd")', 'Card("Toy model", "toy")')
    (tmp_path / "toy_of_this_test.py").write_text(toy, encoding="utf-8")
    done = subprocess.run(  # noqa: S603 (our own code)
        [sys.executable, "-c", ONE_MORE, str(tmp_path)], check=False, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    listed, _, valued = done.stdout.partition("Customer value of cdnow")
    assert "toy                   Toy model\n" in listed
    assert "Toy model" in valued


def test_every_model_has_a_name_and_a_title_of_its_own() -> None:
    names = {name: kind.card.title for name, kind in buying_models().items()}
    assert len(set(names.values())) == len(names) == 10
    assert names["pareto-nbd"] == "Pareto/NBD"
    assert buying_model("pareto-nbd") is cv.ParetoNBD
    assert by_name(RetentionModel)["sbg"] is cv.ShiftedBetaGeo


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"model must be one of bg-bb, .*; got 'arima'"):
        buying_model("arima")
