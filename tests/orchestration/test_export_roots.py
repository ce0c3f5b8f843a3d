"""Exports go below the installation's roots and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.domain.errors import ConfigurationError, InvalidInputError
from include.orchestration.export_roots import check_destination, export_roots

if TYPE_CHECKING:
    from pathlib import Path

ROOTS = "AIRFLOW__AKUBILL__EXPORT_ROOTS"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only root, a folder that is there."""
    folder = tmp_path / "exports"
    folder.mkdir()
    monkeypatch.setenv(ROOTS, str(folder))
    return folder


def test_the_installations_own_place_is_the_only_root_unless_others_are_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ROOTS, raising=False)
    monkeypatch.delenv("AKUBILL_EXPORTS", raising=False)
    monkeypatch.delenv("AKUBILL_STATE", raising=False)
    with pytest.raises(ConfigurationError, match="Set export_roots in the section akubill"):
        export_roots()
    monkeypatch.setenv("AKUBILL_STATE", str(tmp_path))
    assert export_roots() == [f"{tmp_path}/exports"]
    monkeypatch.setenv("AKUBILL_EXPORTS", "s3://aws@bucket/bills")
    assert export_roots() == ["s3://aws@bucket/bills"]
    monkeypatch.setenv(ROOTS, " /srv/bills, gs://google@other/ ,")
    assert export_roots() == ["/srv/bills", "gs://google@other/"]


def test_a_root_and_what_lies_in_it_may_be_written_to(root: Path) -> None:
    (root / "link").symlink_to(root / "other")
    for place in (root, root / "2026", root / "link", root / "a/../b", f"file://{root}/x", f"{root}/"):
        check_destination(str(place))


def test_everything_else_is_refused_by_a_sentence_that_names_the_roots(root: Path, tmp_path: Path) -> None:
    (root / "out").symlink_to(tmp_path)
    elsewhere = [tmp_path, root / "..", root / "out/dags", f"{root}-2", f"file://{tmp_path}", "/", "~", ".", "dags"]
    for place in [*elsewhere, "s3://aws@bucket/bills"]:
        with pytest.raises(InvalidInputError) as refused:
            check_destination(str(place))
        assert f"it does not lie in {root}, where exports may go" in str(refused.value)
        assert "export_roots" in str(refused.value)


@pytest.mark.parametrize(
    "place",
    [
        "file://host/x",
        "local:///srv",
        "simplecache::file:///srv",
        "s3:///bills",
        "s3://b/a/../x",
        "s3://b/%2e%2e/x",
        "a\0b",
        "~no-such-user",
    ],
)
def test_what_is_no_place_is_refused(root: Path, place: str) -> None:
    with pytest.raises(InvalidInputError, match=r"Destination is .* it (is no|does not lie)"):
        check_destination(place)


def test_a_bucket_is_allowed_by_its_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ROOTS, "s3://aws@bucket/bills,gs://other")
    for place in ("s3://aws@bucket/bills", "s3://aws@bucket/bills/2026", "gs://other/x", "gs://other"):
        check_destination(place)
    for place in ("s3://aws@bucket/bills-2", "s3://aws@bucket", "s3://bucket/bills", "s3://x@bucket/bills", "/bills"):
        with pytest.raises(InvalidInputError, match="does not lie in s3://aws@bucket/bills or gs://other"):
            check_destination(place)


def test_a_root_that_is_no_place_is_the_installations_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ROOTS, "s3://")
    with pytest.raises(ConfigurationError, match=r"export_roots .* is 's3://': is no plain place"):
        check_destination("/srv")
