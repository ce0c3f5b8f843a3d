"""The console's request signature, by vectors."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from include.automq.signature import canonical_query, sign


def test_the_vector_of_the_terraform_provider() -> None:
    other = "some-value=!@#$%^&* (+)"
    signed = sign(
        access_key_id="AKID",
        secret="SECRET",
        method="POST",
        path="/bucket/key-._~,!@#$%^&*()",
        query="",
        headers={
            "host": "dynamodb.private.test.com",
            "x-automq-target": "prefix.Operation",
            "content-type": "application/x-automq-json-1.0",
            "content-length": "2",
            "x-automq-meta-other-header": other,
            "x-automq-meta-other-header_with_underscore": f"{other},{other}",
        },
        body=b"{}",
        at=datetime(1970, 1, 1, tzinfo=UTC),
        service="dynamodb",
    )
    assert signed["x-automq-date"] == "19700101T000000Z"
    assert signed["authorization"] == (
        "AUTOMQ-HMAC-SHA256 Credential=AKID/19700101/private/dynamodb/cmp_request, SignedHeaders=content-length;"
        "content-type;host;x-automq-date;x-automq-meta-other-header;x-automq-meta-other-header_with_underscore;"
        "x-automq-target, Signature=e644d1da39cf657acc94cb0979624d9ccc9e81943a413b49fe924c81ba6653cc"
    )


def _listing_signature(**changed: str) -> str:
    facts = {
        "secret": "SK",
        "query": canonical_query({"keyword": "demo"}),
        "path": "/api/v1/instances",
    } | changed
    signed = sign(
        access_key_id="AK",
        method="GET",
        headers={
            "content-type": "application/json",
            "accept-language": "en",
            "host": "console.example:8080",
            "x-automq-environment-id": "env-1",
            "user-agent": "not signed",
        },
        body=b"",
        at=datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC),
        **facts,
    )
    return signed["authorization"].rpartition("Signature=")[2]


def test_the_vector_of_a_real_listing() -> None:
    assert _listing_signature() == "705f9a08c9e1b9eaaaf066267a026008300badcc72c0323d62c3cc6c370353f6"


@pytest.mark.parametrize("changed", [{"secret": "Sk"}, {"query": "keyword=demO"}, {"path": "/api/v1/instances/"}])
def test_one_byte_changes_the_signature(changed: dict[str, str]) -> None:
    assert _listing_signature(**changed) != _listing_signature()


def test_a_query_is_sorted_and_quoted() -> None:
    assert canonical_query({"pageSize": "100", "keyword": "a b/环+~"}) == "keyword=a%20b%2F%E7%8E%AF%2B~&pageSize=100"
