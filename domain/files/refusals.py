"""Every expected no of files."""

from dataclasses import dataclass
from typing import ClassVar

from domain.kernel.refusals import Refusal


@dataclass(eq=False)
class FileAttached(Refusal):
    """The file belongs to something else already: hand it in again to show it twice."""

    file_id: str
    texts: ClassVar = {
        "en": "The file {file_id} is already attached to something else.",
        "fr": "Le fichier {file_id} est déjà joint à autre chose.",
    }


@dataclass(eq=False)
class FileTypeRefused(Refusal):
    """The content is of none of the kinds that are taken, whatever the name says."""

    taken: list[str]
    texts: ClassVar = {
        "en": "This file is none of these by its content: {taken}.",
        "fr": "Par son contenu, ce fichier n’est rien de ce qui est accepté : {taken}.",
    }
