"""Every expected no of codes; none of them quotes a code."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from domain.kernel.refusals import Refusal


@dataclass(eq=False)
class CodeExists(Refusal):
    """A supplier handed over a code that is stored already: it was given before, and is not given twice."""

    pool_id: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The supplier delivered a code that was delivered before.",
        "fr": "Le fournisseur a livré un code déjà livré auparavant.",
    }


@dataclass(eq=False)
class BatchRecalled(Refusal):
    """The batch was recalled: nothing is added to it any more."""

    batch: str
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The batch {batch} was recalled; import under another batch id.",
        "fr": "Le lot {batch} a été rappelé ; importez sous un autre identifiant de lot.",
    }


@dataclass(eq=False)
class BatchFull(Refusal):
    """The batch would hold more codes than one recall can take back."""

    batch: str
    codes_max: int
    texts: ClassVar[Mapping[str, str]] = {
        "en": "The batch {batch} would hold more than {codes_max} codes; go on under another batch id.",
        "fr": "Le lot {batch} dépasserait {codes_max} codes ; continuez sous un autre identifiant de lot.",
    }
