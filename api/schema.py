"""Builds the schema: every noun's queries, mutations and subscriptions under the three roots."""

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from api.graph.accounts import AccountQuery
from api.graph.activities import ActivityQuery
from api.graph.api_keys import ApiKeyQuery
from api.graph.audit_records import AuditQuery
from api.graph.import_runs import ImportRunQuery
from api.graph.leaderboards import LeaderboardQuery
from api.graph.members import MemberQuery
from api.graph.nodes import NodeQuery
from api.graph.partners import PartnerQuery
from api.graph.programs import ProgramQuery
from api.graph.scalars import SCALARS
from api.graph.sources import SourceQuery
from api.graph.units import UnitQuery
from api.graph.viewer import ViewerQuery

QUERIES = (
    ViewerQuery,
    NodeQuery,
    UnitQuery,
    ProgramQuery,
    LeaderboardQuery,
    PartnerQuery,
    MemberQuery,
    ActivityQuery,
    SourceQuery,
    ImportRunQuery,
    AccountQuery,
    ApiKeyQuery,
    AuditQuery,
)


def build_schema() -> strawberry.Schema:
    """The schema that `api/schema.graphql` prints."""
    return strawberry.Schema(
        query=merge_types("Query", QUERIES),
        config=StrawberryConfig(auto_camel_case=True, scalar_map=dict(SCALARS)),
    )


def sdl() -> str:
    """The schema as text, as served at /schema.graphql."""
    return build_schema().as_str() + "\n"
