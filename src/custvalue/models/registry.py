"""The models by the names they are chosen by; what others need to know of each stands on its class, as its `card`.

A model is here by being a file in this package, or a class of the user's own: nothing is listed twice.
"""

from __future__ import annotations

from typing import Any, TypeVar, cast

from custvalue.errors import ParameterError
from custvalue.models.buying.family import TransactionModel
from custvalue.models.model import Model, final_models

M = TypeVar("M", bound=Model[Any])


def by_name(kind: type[M]) -> dict[str, type[M]]:
    """All models of a family by their `card.name`."""
    return {one.card.name: cast("type[M]", one) for one in final_models(kind)}


def buying_models() -> dict[str, type[TransactionModel[Any]]]:
    """All models of buying by the names that they are chosen by."""
    return by_name(cast("type[TransactionModel[Any]]", TransactionModel))


def buying_model(name: str) -> type[TransactionModel[Any]]:
    """The model of buying of that name, such as "bg-nbd".

    Raises
    ------
    ParameterError
        There is none.
    """
    known = buying_models()
    if name not in known:
        raise ParameterError(f"model must be one of {', '.join(known)}; got {name!r}")
    return known[name]
