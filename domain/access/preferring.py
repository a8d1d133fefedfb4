"""What a person prefers: the language the API speaks to them."""

from domain.access.principals import Actor
from domain.kernel.operation import Door, Operation
from domain.kernel.refusals import LOCALES, InvalidInput, NotFound


async def set_locale(door: Door, actor: Actor, locale: str) -> None:
    """The actor's account speaks this language from now on; saying it again changes nothing.

    Refuses: InvalidInput; NotFound (the actor has no account); TryLater.
    """
    if locale not in LOCALES:
        raise InvalidInput(field="locale", problem=f"one of {', '.join(LOCALES)}")

    async def work(op: Operation) -> None:
        found = await op.sql.fetchval(
            "UPDATE account SET locale = $2 WHERE id = $1 RETURNING id", actor.principal_id, locale
        )
        if found is None:
            raise NotFound(kind="account", id=str(actor.principal_id))

    await door.operate(actor, work)
