"""Who sees what of the catalog: it belongs to nobody, so a role or a supplier decides, never a relation (pure)."""

from domain.access.principals import Actor, Role, Scope

KEEPERS = frozenset({Role.CATALOG, Role.ADMIN, Role.SYSTEM})


def sees_everything(actor: Actor) -> bool:
    """True for who keeps the catalog: drafts, what is unlisted, and denominations that are offered no longer.

    A key without a source belongs to the deployment; one with a source sees so much of its own supplier's items only.
    """
    if actor.role in KEEPERS:
        return True
    return actor.role is Role.INTEGRATION and actor.source_id is None and Scope.CATALOG_READ in actor.scopes


def may_feed(actor: Actor) -> bool:
    """True for who keeps the catalog, and for keys that may write it; a bound key writes its own supplier's only."""
    return actor.role in KEEPERS or (actor.role is Role.INTEGRATION and Scope.CATALOG_WRITE in actor.scopes)
