"""The schema: each part of the model brings its questions and commands, all behind the table."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from resolvers.access import guarded
from resolvers.identities import NodeQuery
from resolvers.parties import Grant, Organisation, PartiesMutation, Person
from resolvers.refusals import RefusalHandler
from resolvers.scalars import SCALARS
from resolvers.signing_in import SigningInMutation, SigningInQuery


@guarded
@strawberry.type(description="查询。Questions.")
class Query(NodeQuery, SigningInQuery):
    """What can be asked."""


@guarded
@strawberry.type(description="操作。Commands.")
class Mutation(SigningInMutation, PartiesMutation):
    """What can be done."""


schema = strawberry.Schema(
    Query,
    Mutation,
    types=[Grant, Organisation, Person],
    config=StrawberryConfig(scalar_map=SCALARS),
    exception_handlers=[RefusalHandler()],
)
