"""Which model: several fitted to the same customers, compared by AIC or by their errors on a holdout."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from attrs import field, frozen
from scipy.special import chdtrc

from custvalue._columns import names_of
from custvalue._typing import NDArray
from custvalue.errors import ConvergenceError, ParameterError
from custvalue.evaluation.scores import Holdout, evaluate
from custvalue.evidence.holdout_split import HoldoutSplit
from custvalue.evidence.rfm import RFM
from custvalue.inference.fit import Fit
from custvalue.models.buying.family import TransactionModel
from custvalue.models.registry import buying_model

CANDIDATES: Final = ("bg-nbd", "mbg-nbd", "pareto-nbd", "nbd")
"""What `choose` tries unless told otherwise."""
_ROUNDING: Final = 1e-8
"""A larger model may lose this much of the log-likelihood, relatively: searches end that near to a maximum they share,
as where the larger model's lies at the smaller one."""


@frozen
class Choice:
    """Several models fitted to the same customers, and the one chosen.

    Attributes
    ----------
    fits : dict of str to Fit
        By the name of the model, best first.
    holdouts : dict of str to Holdout
        Errors on the holdout, where the choice was made by them; else empty.
    failures : dict of str to str
        Why models could not be fitted.
    """

    fits: dict[str, Fit[TransactionModel]]
    holdouts: dict[str, Holdout] = field(factory=dict)
    failures: dict[str, str] = field(factory=dict)

    @property
    def best(self) -> Fit[TransactionModel]:
        """The fit chosen."""
        return next(iter(self.fits.values()))

    @property
    def reason(self) -> str:
        """The choice and its reason, as a sentence."""
        if self.holdouts:
            shown = [f"{name} {self.holdouts[name].model.root_mean_squared:.4f}" for name in self.fits]
            how = f"smallest root mean squared error on the holdout ({', '.join(shown)})"
        else:
            how = f"lowest AIC ({', '.join(f'{name} {fit.aic:,.1f}' for name, fit in self.fits.items())})"
        failed = [f"{name} could not be fitted ({why.partition('. ')[0]})" for name, why in self.failures.items()]
        return "; ".join([f"{next(iter(self.fits))}: {how}", *failed])

    def table(self) -> dict[str, NDArray[Any]]:
        """The models as columns, best first: model, parameters (their number), log_likelihood, aic, bic.

        With a holdout also root_mean_squared, the error there.
        """
        fits = self.fits.values()
        columns: dict[str, NDArray[Any]] = {
            "model": names_of(list(self.fits)),
            "parameters": np.array([fit.estimate.estimated for fit in fits]),
            "log_likelihood": np.array([fit.log_likelihood for fit in fits]),
            "aic": np.array([fit.aic for fit in fits]),
            "bic": np.array([fit.bic for fit in fits]),
        }
        if self.holdouts:
            errors = [self.holdouts[name].model.root_mean_squared for name in self.fits]
            columns["root_mean_squared"] = np.array(errors)
        return columns


def choose(
    rfm: RFM, models: Iterable[type[TransactionModel] | str] = CANDIDATES, *, holdout: HoldoutSplit | None = None
) -> Choice:
    """Fit several models to the same customers and rank them by AIC, or by their errors on a holdout.

    Parameters
    ----------
    rfm : RFM
        What the models are fitted to in the end.
    models : classes of models, or their names
        The candidates, such as `ParetoNBD` or "pareto-nbd".
    holdout : HoldoutSplit, optional
        Rank by the root mean squared error of the purchases forecast for its holdout from its calibration; without
        it, by AIC.

    Raises
    ------
    ConvergenceError
        None of the models could be fitted; the message has the reason for each.
    """
    kinds = (buying_model(model) if isinstance(model, str) else model for model in models)
    names = {model.__name__: model for model in kinds}
    fits, failures = _fit_all(names, rfm)
    holdouts = {}
    if holdout is not None:
        trials, also_failed = _fit_all({name: names[name] for name in fits}, holdout.calibration)
        failures |= also_failed
        holdouts = {name: _trial(fit, holdout) for name, fit in trials.items()}
        fits = {name: fit for name, fit in fits.items() if name in holdouts}
    if not fits:
        reasons = "; ".join(f"{name}: {why}" for name, why in failures.items())
        raise ConvergenceError(f"none of the models could be fitted. {reasons}")

    def rank(name: str) -> float:
        return holdouts[name].model.root_mean_squared if holdouts else fits[name].aic

    return Choice({name: fits[name] for name in sorted(fits, key=rank)}, holdouts, failures)


def _fit_all(
    models: dict[str, type[TransactionModel]], rfm: RFM
) -> tuple[dict[str, Fit[TransactionModel]], dict[str, str]]:
    fits: dict[str, Fit[TransactionModel]] = {}
    failures = {}
    for name, model in models.items():
        try:
            fits[name] = model.fit(rfm)
        except ConvergenceError as error:
            failures[name] = str(error)
    return fits, failures


def _trial(fit: Fit[TransactionModel], holdout: HoldoutSplit) -> Holdout:
    predicted = fit.model.expected_purchases(holdout.calibration, holdout.duration)
    return evaluate(predicted, holdout.purchases, holdout.calibration, holdout.duration)


@frozen
class LikelihoodRatio:
    """A likelihood-ratio test of a model within a larger one.

    Attributes
    ----------
    statistic : float
        Twice the gain in log-likelihood.
    degrees_of_freedom : int
        Parameters more.
    p_value : float or None
        From the chi-square distribution; None where that does not hold, because the smaller model lies on the boundary
        of the larger one's parameters.
    note : str
        What the p-value rests on, or why there is none.
    """

    statistic: float
    degrees_of_freedom: int
    p_value: float | None
    note: str


def likelihood_ratio(nested: Fit[Any], full: Fit[Any]) -> LikelihoodRatio:
    """Test a fitted model against a larger one that contains it: of buying, or of retention.

    What a model contains, and where in its parameters, is in its `card`.

    Raises
    ------
    ParameterError
        The models are not nested, were fitted to different numbers of customers, or the larger one holds a parameter
        fixed that the smaller one does not, estimates no more parameters, or has the lower log-likelihood, so that one
        of the fits is not a maximum.

    Notes
    -----
    The chi-square distribution (Wilks 1938) needs the smaller model inside the larger one's parameters. NBD is on the
    boundary of every model with drop-out, with parameters that mean nothing there: no p-value is given then (Self &
    Liang 1987 say why); compare by AIC or on a holdout.
    """
    small, large = (type(fit.model).__name__ for fit in (nested, full))
    card = type(full.model).card
    inside, edge = card.interior.get(small), card.boundary.get(small)
    if inside is None and edge is None:
        known = ", ".join([*card.interior, *card.boundary]) or "no other model"
        raise ParameterError(f"nested must be a special case of full; {large} contains {known}, not {small}. Use AIC.")
    if nested.customers != full.customers:
        raise ParameterError(
            f"nested and full must be fitted to the same data; got {nested.customers:,.10g} and "
            f"{full.customers:,.10g} customers. Fit both to the same rows."
        )
    more = full.estimate.estimated - nested.estimate.estimated
    if more < 1:
        raise ParameterError(f"full must estimate more parameters than nested; got {more} more. Hold fewer fixed.")
    held, same = full.model.parameters, nested.model.parameters
    free = [name for name in full.fixed if name not in nested.fixed or same[name] != held[name]]
    if free:
        raise ParameterError(
            "full may hold fixed only what nested holds at the same value; it holds "
            f"{free[0]} at {held[free[0]]:g}, and nested does not. Fit full without it, or hold it in both."
        )
    statistic = 2 * (full.log_likelihood - nested.log_likelihood)
    if statistic < -_ROUNDING * abs(full.log_likelihood):
        raise ParameterError(
            f"full must not have the lower log-likelihood; {large} contains {small} but has {full.log_likelihood:.4f} "
            f"against {nested.log_likelihood:.4f}. One of them was fitted to other data, or is not at its maximum."
        )
    statistic = max(statistic, 0.0)
    if inside is None:
        note = f"{small} is {large} at {edge}, on the boundary, where the chi-square distribution does not hold"
        return LikelihoodRatio(statistic, more, None, note)
    note = f"chi-square with {more} degree{'s' * (more > 1)} of freedom: {small} is {large} at {inside}"
    return LikelihoodRatio(statistic, more, float(chdtrc(more, statistic)), note)
