"""Text becomes a prepared operation once: parsed, guarded, validated and costed; kept while it is in use."""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    NameNode,
    OperationDefinitionNode,
    OperationType,
    StringValueNode,
    Visitor,
    get_introspection_query,
    parse,
    print_ast,
    specified_rules,
    validate,
    visit,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from api.http.errors import Code, RequestRefused
from api.http.guards.cost import CostNode, Overrides, check_cost, compile_cost
from api.http.guards.documents import check_shape, measure, parse_document
from api.settings import Limits

VALIDATION_RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
HASH = re.compile(r"[0-9a-f]{64}")


class DocumentInvalid(Exception):
    """The document is not GraphQL or does not fit the schema; `errors` are safe to show once suggestions are cut."""

    def __init__(self, code: Code, errors: list[GraphQLError]) -> None:
        super().__init__(code)
        self.code = code
        self.errors = errors


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """One operation, ready to be run any number of times; `document` is valid against the schema."""

    text: str
    document: DocumentNode
    operation: OperationDefinitionNode
    cost: CostNode
    trusted: bool

    @property
    def kind(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.operation.operation

    @property
    def name(self) -> str | None:
        """The operation's name, if it has one."""
        return self.operation.name.value if self.operation.name else None


class Documents:
    """Every document this process has admitted: the trusted ones for ever, others in a bounded memory.

    At most `prepared_documents_max` texts and `prepared_bytes_max` bytes of text are kept, the longest unused leave
    first; a text that was refused is never kept.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        limits: Limits,
        introspection: bool,
        trusted: Mapping[str, str] | None = None,
        overrides: Overrides | None = None,
    ) -> None:
        self._schema = schema
        self._limits = limits
        self._introspection = introspection
        self._overrides = overrides or {}
        self._kept: OrderedDict[str, dict[str | None, Prepared]] = OrderedDict()
        self._kept_bytes = 0
        self._text_by_hash: dict[str, str] = {}
        self._trusted = dict(trusted or {})
        self._trusted_operations = {text: self._admit(text, trusted=True) for text in self._trusted.values()}

    def is_trusted(self, text: str) -> bool:
        """True where the text is one of the trusted documents, byte for byte."""
        return text in self._trusted_operations

    def text_for(self, query: str | None, extensions: Mapping[str, Any] | None) -> str:
        """The document text a request means, by itself or by the SHA-256 in `extensions.persistedQuery`.

        Refuses: PERSISTED_QUERY_NOT_FOUND, MALFORMED_REQUEST where text and hash differ or both are missing.
        """
        asked = (extensions or {}).get("persistedQuery")
        if asked is None:
            if not query:
                raise RequestRefused(Code.MALFORMED_REQUEST, "The request holds no query.")
            return query
        digest = cast("dict[str, Any]", asked).get("sha256Hash") if isinstance(asked, dict) else None
        if not isinstance(digest, str) or not HASH.fullmatch(digest):
            raise RequestRefused(Code.MALFORMED_REQUEST, "persistedQuery.sha256Hash must be a SHA-256 in hex.")
        if query:
            if hashlib.sha256(query.encode()).hexdigest() != digest:
                raise RequestRefused(Code.MALFORMED_REQUEST, "The query does not have the hash it was sent with.")
            return query
        text = self._trusted.get(digest) or self._text_by_hash.get(digest)
        if text is None:
            raise RequestRefused(Code.PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound")
        return text

    def prepare(self, text: str, operation_name: str | None) -> Prepared:
        """The named operation of the document, or its only one.

        Refuses: DocumentInvalid; the shape refusals of guards.documents; OPERATION_UNKNOWN; INTROSPECTION_OFF.
        """
        operations = self._trusted_operations.get(text) or self._kept.get(text)
        if operations is None:
            try:
                operations = self._admit(text, trusted=False)
            except RecursionError:
                raise RequestRefused(Code.DOCUMENT_TOO_DEEP) from None
            self._keep(text, operations)
        elif text in self._kept:
            self._kept.move_to_end(text)
        found = operations.get(operation_name)
        if found is None and operation_name is None and len(operations) == 1:
            found = next(iter(operations.values()))
        if found is None:
            raise RequestRefused(Code.OPERATION_UNKNOWN)
        return found

    def check_cost(self, prepared: Prepared, variables: Mapping[str, Any]) -> int:
        """The cost of running it with these variables. Refuses: COST_TOO_HIGH, PAGE_TOO_LARGE."""
        return check_cost(prepared.cost, variables, self._limits)

    def _admit(self, text: str, *, trusted: bool) -> dict[str | None, Prepared]:
        try:
            document = parse(text) if trusted else parse_document(text, self._limits)
        except GraphQLError as error:
            raise DocumentInvalid(Code.DOCUMENT_MALFORMED, [error]) from None
        introspects = frozenset[str]().union(*(shape.introspects for shape in measure(document)))
        if "__schema" in introspects and not self._introspection:
            raise RequestRefused(Code.INTROSPECTION_OFF)
        if not trusted and not ("__schema" in introspects and _digest(document) in self._canonical_introspection):
            check_shape(document, self._limits)
        errors = validate(self._schema, document, VALIDATION_RULES, max_errors=self._limits.validation_errors_max)
        if errors:
            raise DocumentInvalid(Code.DOCUMENT_INVALID, errors[: self._limits.validation_errors_max])
        if "__type" in introspects and not self._introspection:
            document = visit(document, _NoSuchType())
        return {
            operation.name.value if operation.name else None: Prepared(
                text=text,
                document=document,
                operation=operation,
                cost=compile_cost(self._schema, document, operation, limits=self._limits, overrides=self._overrides),
                trusted=trusted,
            )
            for operation in document.definitions
            if isinstance(operation, OperationDefinitionNode)
        }

    def _keep(self, text: str, operations: dict[str | None, Prepared]) -> None:
        self._kept[text] = operations
        self._kept_bytes += len(text.encode())
        self._text_by_hash[hashlib.sha256(text.encode()).hexdigest()] = text
        while (
            len(self._kept) > self._limits.prepared_documents_max or self._kept_bytes > self._limits.prepared_bytes_max
        ):
            old, _ = self._kept.popitem(last=False)
            self._kept_bytes -= len(old.encode())
            del self._text_by_hash[hashlib.sha256(old.encode()).hexdigest()]

    @cached_property
    def _canonical_introspection(self) -> frozenset[str]:
        """Hashes of the introspection query in the forms that common tools send; layout does not matter."""
        return frozenset(
            _digest(
                parse(
                    get_introspection_query(
                        descriptions=True,
                        specified_by_url=bits & 1 > 0,
                        directive_is_repeatable=bits & 2 > 0,
                        schema_description=bits & 4 > 0,
                        input_value_deprecation=bits & 8 > 0,
                        one_of=bits & 16 > 0,
                        type_depth=9 if bits & 32 else 7,
                    )
                )
            )
            for bits in range(64)
        )


class _NoSuchType(Visitor):
    """With introspection off, `__type` stays legal and answers null for every name, as it does for a wrong one."""

    def enter_field(self, node: FieldNode, *_: Any) -> FieldNode | None:
        if node.name.value != "__type":
            return None
        nothing = ArgumentNode(name=NameNode(value="name"), value=StringValueNode(value=""))
        return FieldNode(
            alias=node.alias,
            name=node.name,
            arguments=(nothing,),
            directives=node.directives,
            selection_set=node.selection_set,
            loc=node.loc,
        )


def _digest(document: DocumentNode) -> str:
    return hashlib.sha256(print_ast(document).encode()).hexdigest()
