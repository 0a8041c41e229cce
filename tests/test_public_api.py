"""The public names: exactly these, documented and typed; and what the distribution promises about itself."""

from __future__ import annotations

import ast
import inspect
import tomllib
from functools import cached_property
from importlib.metadata import entry_points, version
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import custvalue

PUBLIC = {
    "BetaDiscreteWeibull",
    "BetaGeoBetaBinom",
    "BetaGeoErlang",
    "BetaGeoNBD",
    "BuyerDisclosures",
    "CashFlow",
    "CashFlowBatch",
    "CashFlows",
    "Cohorts",
    "ConvergenceError",
    "Cox",
    "CumulativeHazard",
    "CustValueError",
    "Customer",
    "CustomerBase",
    "CustomerGrowth",
    "DataError",
    "Disclosures",
    "DiscreteHazard",
    "Exponential",
    "ExponentialGamma",
    "Firm",
    "Fit",
    "GammaGamma",
    "GammaGompertzNBD",
    "Geometric",
    "GrassiaIIGeometric",
    "HazardByPeriod",
    "InternalRates",
    "LogRank",
    "MigrationDecisions",
    "MigrationModel",
    "ModifiedBetaGeoErlang",
    "ModifiedBetaGeoNBD",
    "NBD",
    "Opportunities",
    "ParameterError",
    "ParetoNBD",
    "PeriodicDeath",
    "Portfolio",
    "RFM",
    "Rate",
    "Regularity",
    "Relationship",
    "Relationships",
    "ResponseCurve",
    "RevenueBridge",
    "ShiftedBetaGeo",
    "Spacings",
    "Split",
    "SplitPopulation",
    "SurvivalCurve",
    "Tenures",
    "Trait",
    "TransitionCounts",
    "Valuation",
    "Weibull",
    "WeibullAcquisition",
    "WeibullGamma",
    "WeibullGammaNBD",
    "YieldCurve",
    "__version__",
    "acquisition_budget",
    "acquisition_payback",
    "acquisition_to_stand_still",
    "allocate_budget",
    "annuity",
    "annuity_future_value",
    "brand_switching_value",
    "break_even_time",
    "captive_remainder",
    "churn_rate",
    "clv",
    "clv_new",
    "concordance",
    "constant_retention_value",
    "constant_retention_variance",
    "contact_value",
    "convert_churn",
    "convexity",
    "cox",
    "customer_equity_budget",
    "datasets",
    "discounted_payback",
    "discrete_hazard",
    "duration",
    "empc",
    "equity",
    "firm_value",
    "fit_buyers",
    "fit_disclosures",
    "future_value",
    "hazard_by_period",
    "headline_to_profit",
    "internal_rates",
    "irr",
    "kaplan_meier",
    "level_payment",
    "lifetime_from_churn",
    "log_rank",
    "loyalty_components",
    "margin_multiple",
    "mirr",
    "mpc",
    "nelson_aalen",
    "net_present_value",
    "number_of_payments",
    "payback",
    "payment_rate",
    "perpetuity",
    "present_value",
    "present_value_by",
    "profit_curve",
    "profitability_index",
    "project",
    "project_buyers",
    "project_subscribers",
    "referral_value",
    "regularity",
    "relationship_strength",
    "relationship_value",
    "retention_path_value",
    "retention_uplift",
    "select",
    "shareholder_value",
    "simulate_constant_retention",
    "simulate_migration",
    "split",
    "steady_state",
    "value_at_risk",
    "value_customers",
    "value_elasticities",
    "value_of_retention_point",
    "what_if",
    "xirr",
    "years_between",
}
"""What `import custvalue` promises; a name is added here when it is meant to stay."""

OBJECTS = sorted(PUBLIC - {"__version__"})


def callables(name: str) -> dict[str, Any]:
    """What of a public name is called: a function, a module's functions, a class's constructor, methods, properties."""
    value = getattr(custvalue, name)
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


def test_the_public_names_are_these() -> None:
    assert set(custvalue.__all__) == PUBLIC
    assert all(hasattr(custvalue, name) for name in PUBLIC)


def test_type_checkers_read_the_same_names() -> None:
    stub = ast.parse(Path(custvalue.__file__).with_suffix(".pyi").read_text("utf-8"))
    homes = {}
    for node in stub.body:
        if isinstance(node, ast.ImportFrom):
            homes.update({alias.asname: node.module for alias in node.names})
    assert homes.pop("datasets") == "custvalue"
    assert set(homes) | {"__version__", "datasets"} == PUBLIC
    assert {name: f"custvalue.{home}" for name, home in custvalue._HOME.items()} == homes


def test_names_that_are_not_public_are_refused_as_python_does() -> None:
    assert set(dir(custvalue)) == PUBLIC
    with pytest.raises(AttributeError, match="module 'custvalue' has no attribute 'betageo'"):
        custvalue.betageo  # noqa: B018


@pytest.mark.parametrize("name", OBJECTS)
def test_docstrings_begin_with_a_sentence(name: str) -> None:
    first = (inspect.getdoc(getattr(custvalue, name)) or "nothing").partition("\n")[0]
    assert first[0].isupper(), first
    assert first.endswith("."), first


@pytest.mark.parametrize("name", OBJECTS)
def test_everything_callable_is_documented(name: str) -> None:
    value = getattr(custvalue, name)
    named = {key: getattr(value, key, item) for key, item in callables(name).items() if key != "__init__"}
    assert [key for key, item in named.items() if not inspect.getdoc(item)] == []


@pytest.mark.parametrize("name", OBJECTS)
def test_everything_callable_is_typed(name: str) -> None:
    assert {key: untyped(item) for key, item in callables(name).items() if untyped(item)} == {}


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
