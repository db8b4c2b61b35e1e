"""The documents of the demo world, by the names of their operations."""

from importlib import resources

from graphql import OperationDefinitionNode, parse, print_ast


def documents() -> dict[str, str]:
    """Each operation of the file as a document of its own: what is not asked is not sent."""
    source = resources.files("api.demo").joinpath("operations.graphql").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for definition in parse(source, no_location=True).definitions:
        assert isinstance(definition, OperationDefinitionNode)
        assert definition.name is not None
        found[definition.name.value] = print_ast(definition)
    return found
