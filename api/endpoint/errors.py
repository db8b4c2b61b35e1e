"""Errors in the form GraphQL gives them, each with a code."""

from collections.abc import Mapping, Sequence
from typing import Final

from graphql import GraphQLError

Body = dict[str, object]

MESSAGE_CHARACTERS: Final = 500


class OperationRefusedError(Exception):
    """An operation that was not begun; `status` is set where it is not the media type's."""

    def __init__(self, body: Body, status: int | None = None) -> None:
        super().__init__(body)
        self.body = body
        self.status = status


def not_begun(
    errors: Sequence[GraphQLError], code: str, status: int | None = None
) -> OperationRefusedError:
    """The refusal of an operation for these errors; those without a code get the given one."""
    return OperationRefusedError(
        {"errors": [formatted(error, error.message, {"code": code}) for error in errors]}, status
    )


def formatted(error: GraphQLError, message: str, extensions: Mapping[str, object]) -> Body:
    """One error; the extensions it carries itself are added to the given ones."""
    body: Body = {"message": message[:MESSAGE_CHARACTERS]}
    if error.locations:
        body["locations"] = [location.formatted for location in error.locations]
    if error.path:
        body["path"] = list(error.path)
    body["extensions"] = {**extensions, **(error.extensions or {})}
    return body
