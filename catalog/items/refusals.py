"""Every expected no of items."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from domain.kernel.refusals import Refusal


@dataclass(eq=False)
class RouteUnknown(Refusal):
    """A route of fulfilment names a supplier or a code pool that does not exist, or that is not the feeder's own."""

    supplier: str
    pool: str | None
    texts: ClassVar[Mapping[str, str]] = {
        "en": "No route leads to the supplier {supplier} with the pool {pool}.",
        "fr": "Aucune voie ne mène au fournisseur {supplier} avec la réserve {pool}.",
    }


@dataclass(eq=False)
class UnitUnknown(Refusal):
    """Items are priced in a unit of this deployment."""

    unit: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "There is no unit {unit}.",
        "fr": "Il n’y a pas d’unité {unit}.",
    }
