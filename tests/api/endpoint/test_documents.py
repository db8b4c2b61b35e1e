import pytest

from api.endpoint import documents as subject
from api.endpoint.documents import Documents
from api.endpoint.errors import OperationRefusedError
from api.endpoint.limits import Limits
from tests.api.endpoint.sample import schema

CORE = schema._schema


@pytest.fixture
def documents() -> Documents:
    return Documents(CORE, Limits(), entries=3, stored_bytes=100_000)


def test_a_known_document_is_neither_parsed_nor_measured_nor_validated_again(
    documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = documents.choose("{ __typename }", None, {})
    for step in ("parse", "measure", "validate"):
        monkeypatch.delattr(subject, step)

    assert documents.choose("{ __typename }", None, {}) is first
    with pytest.raises(NameError):
        documents.choose("{ __typename  }", None, {})


def test_the_document_used_longest_ago_is_forgotten(documents: Documents) -> None:
    texts = ["{ __typename }" + " " * spaces for spaces in range(4)]
    for text in texts[:3]:
        documents.choose(text, None, {})
    documents.choose(texts[0], None, {})
    documents.choose(texts[3], None, {})

    assert [text in documents for text in texts] == [True, False, True, True]


def test_documents_are_forgotten_when_they_weigh_too_much(documents: Documents) -> None:
    long_text = "{ __typename }" + " " * 400
    documents.choose(long_text, None, {})
    documents.choose("{ __typename }", None, {})
    documents.choose(long_text + " ", None, {})

    assert long_text not in documents
    assert len(documents) == 2


def test_a_document_that_is_refused_is_not_kept(documents: Documents) -> None:
    for text in ["{", "{ nothing }", "{ ...A } fragment A on Query { ...A }"]:
        with pytest.raises(OperationRefusedError):
            documents.choose(text, None, {})

    assert len(documents) == 0


def test_an_operation_is_chosen_by_its_name(documents: Documents) -> None:
    text = "query A { __typename } query B { treasuryFen }"

    assert documents.choose(text, "B", {}).operation.name is not None
    for name in [None, "C", ""]:
        with pytest.raises(OperationRefusedError) as refused:
            documents.choose(text, name, {})
        assert "OPERATION_NOT_FOUND" in str(refused.value)
    with pytest.raises(OperationRefusedError):
        documents.choose("{ __typename }", "A", {})
