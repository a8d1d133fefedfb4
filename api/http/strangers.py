"""What somebody may ask who is signed in and linked to no account: to be let in, and nothing else."""

from graphql import FieldNode, OperationType

from api.http.callers import Actor
from api.http.errors import Code, RequestRefused
from api.http.preparing import Prepared

# Root fields that are there to get an account; whatever is public can be asked without a sign-in.
OPEN_TO_STRANGERS = frozenset({"acceptInvitation", "__typename"})


def check_stranger(actor: Actor, prepared: Prepared) -> None:
    """Refuses: RequestRefused (ACCOUNT_NOT_LINKED) for a stranger who asks for anything but to be let in."""
    if not actor.is_stranger:
        return
    names = {
        node.name.value if isinstance(node, FieldNode) else "" for node in prepared.operation.selection_set.selections
    }
    if prepared.kind is not OperationType.MUTATION or not names <= OPEN_TO_STRANGERS:
        raise RequestRefused(
            Code.ACCOUNT_NOT_LINKED,
            "You are signed in, but no member is linked to this account yet; ask your administrator.",
        )
