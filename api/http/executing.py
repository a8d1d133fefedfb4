"""Runs prepared operations on a Strawberry schema, with its extensions, without parsing or validating again."""

import copy
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Protocol, cast

from strawberry import Schema
from strawberry.extensions import SchemaExtension
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType as StrawberryOperationType

from api.http.preparing import Prepared

PREPARED = "guerdon.prepared"


class Executor(Protocol):
    """Runs prepared operations; a compiled reader can stand here instead of the schema."""

    async def execute(self, prepared: Prepared, variables: Mapping[str, Any], context: object) -> ExecutionResult:
        """The result of a query or mutation; errors unmasked."""
        ...

    def subscribe(
        self, prepared: Prepared, variables: Mapping[str, Any], context: object
    ) -> AsyncIterator[ExecutionResult]:
        """The results of a subscription; closing the iterator releases its source."""
        ...


class SchemaExecutor:
    """The reference executor: Strawberry's own, given the prepared document."""

    def __init__(self, schema: Schema) -> None:
        # A shallow copy: the caller's schema keeps its extensions and its way of logging.
        self._schema = copy.copy(schema)
        self._schema.extensions = (*schema.extensions, _UsePrepared)
        # Strawberry's hook logs whole hostile queries; presenting logs each fault once, with its id.
        self._schema.process_errors = _log_nothing  # type: ignore[method-assign]  # replaced on our own copy

    async def execute(self, prepared: Prepared, variables: Mapping[str, Any], context: object) -> ExecutionResult:
        """The result of a query or mutation; errors unmasked."""
        return await self._schema.execute(
            prepared.text,
            variable_values=dict(variables),
            context_value=context,
            operation_name=prepared.name,
            operation_extensions={PREPARED: prepared},
        )

    async def subscribe(
        self, prepared: Prepared, variables: Mapping[str, Any], context: object
    ) -> AsyncIterator[ExecutionResult]:
        """The results of a subscription; closing the iterator releases its source."""
        results = await self._schema.stream(
            prepared.text,
            variable_values=dict(variables),
            context_value=context,
            operation_name=prepared.name,
            operation_extensions={PREPARED: prepared},
            allowed_operation_types=(StrawberryOperationType.SUBSCRIPTION,),
        )
        try:
            async for result in results:
                yield cast("ExecutionResult", result)
        finally:
            await results.aclose()


class _UsePrepared(SchemaExtension):
    def on_parse(self) -> Iterator[None]:
        prepared = cast("Prepared", (self.execution_context.operation_extensions or {})[PREPARED])
        self.execution_context.graphql_document = prepared.document
        self.execution_context.validation_rules = ()
        yield


def _log_nothing(*_: object) -> None:
    return None
