"""The development issuer's two pages, in English and French: choose who you are; this request cannot be served."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse

STYLE = (
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:2rem auto;padding:0 1rem}"
    "button{display:block;width:100%;margin:.5rem 0;padding:.75rem 1rem;font:inherit;text-align:start;"
    "border:1px solid #767676;border-radius:.5rem;background:#fff;color:#111;cursor:pointer}"
    "button:hover,button:focus-visible{outline:3px solid #1a5fb4;outline-offset:1px}small{color:#555;display:block}"
)
TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Sign in to Guerdon",
        "lead": "This is the development sign-in: no password, demonstration people only. Who are you?",
        "nobody": "Nobody can sign in here yet: load the demonstration, or link an account.",
        "refused": "This sign-in cannot go on",
        "client": "The request names no usable client_id.",
        "redirect": "The redirect_uri is neither on a loopback address nor under an allowed origin.",
        "subject": "This person cannot sign in.",
        "repeated": "The request names a parameter twice, or too many of them.",
        "MEMBER": "Member",
        "PARTNER_ADMIN": "Partner administrator",
        "CHANNEL_MANAGER": "Channel manager",
        "ACCOUNT_MANAGER": "Account manager",
        "APPLICANT": "Applicant",
        "CATALOG": "Catalog manager",
        "SUPPORT": "Support",
        "FINANCE": "Finance",
        "ADMIN": "Administrator",
    },
    "fr": {
        "title": "Se connecter à Guerdon",
        "lead": "Ceci est la connexion de développement : sans mot de passe, personnes fictives. Qui êtes-vous ?",
        "nobody": "Personne ne peut encore se connecter ici : chargez la démonstration ou liez un compte.",
        "refused": "Cette connexion ne peut pas continuer",
        "client": "La requête ne nomme pas de client_id utilisable.",
        "redirect": "Le redirect_uri n’est ni une adresse de bouclage ni sous une origine autorisée.",
        "subject": "Cette personne ne peut pas se connecter.",
        "repeated": "La requête nomme un paramètre deux fois, ou en nomme trop.",
        "MEMBER": "Membre",
        "PARTNER_ADMIN": "Administrateur partenaire",
        "CHANNEL_MANAGER": "Responsable de réseau",
        "ACCOUNT_MANAGER": "Chargé de comptes",
        "APPLICANT": "Candidat",
        "CATALOG": "Responsable du catalogue",
        "SUPPORT": "Assistance",
        "FINANCE": "Finance",
        "ADMIN": "Administrateur",
    },
}


@dataclass(frozen=True, kw_only=True)
class Person:
    """Someone who can be chosen."""

    subject: str
    name: str
    role: str


def locale_of(ui_locales: str | None, accept_language: str | None) -> str:
    """The first language asked for that the pages speak, else English."""
    for asked in [*(ui_locales or "").split(), *(part.split(";")[0] for part in (accept_language or "").split(","))]:
        language = asked.strip().lower().split("-")[0]
        if language in TEXTS:
            return language
    return "en"


def choose_page(
    people: Sequence[Person], action: str, parameters: Mapping[str, str], redirect_uri: str, locale: str
) -> HTMLResponse:
    """One button per person; pressing it sends the request's parameters back with the person's subject."""
    texts = TEXTS[locale]
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in parameters.items()
    )
    buttons = "".join(
        f'<button name="subject" value="{escape(person.subject)}">{escape(person.name)}'
        f"<small>{escape(texts.get(person.role, person.role))}</small></button>"
        for person in people
    )
    body = f'<form method="post" action="{escape(action)}">{hidden}{buttons}</form>' if people else texts["nobody"]
    parts = urlsplit(redirect_uri)
    # Browsers also hold the redirect that answers a form to form-action.
    return _page(
        locale, texts["title"], f"<p>{texts['lead']}</p>{body}", 200, f"'self' {parts.scheme}://{parts.netloc}"
    )


def refused_page(reason: str, locale: str) -> HTMLResponse:
    """Why nothing is sent back to the client: it could be the wrong one."""
    texts = TEXTS[locale]
    return _page(locale, texts["refused"], f"<p>{texts[reason]}</p>", 400, "'none'")


def _page(locale: str, title: str, body: str, status: int, form_action: str) -> HTMLResponse:
    policy = f"default-src 'none'; style-src 'unsafe-inline'; form-action {form_action}; frame-ancestors 'none'"
    return HTMLResponse(
        f'<!doctype html><html lang="{locale}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
        f"<style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>",
        status,
        headers={
            "content-security-policy": policy,
            "cache-control": "no-store",
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
        },
    )
