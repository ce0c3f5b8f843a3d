"""Documentation that a machine can hold us to."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support import reference

ROOT = Path(__file__).parents[2]
#: Folders that commands make.
MADE = ("benchmarks/results/",)
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]


def test_every_direct_dependency_has_a_reason() -> None:
    reasons = (ROOT / "docs/adr/0011-each-dependency-has-a-reason.md").read_text(encoding="utf-8")
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    names = [re.split(r"[\[<>=~]", line)[0] for line in lines if line and not line.startswith("#")]
    sdks = re.compile(r"alibabacloud-(bssopenapi|computenest|computenestsupplier|ecs|market|marketplaceintl)\d{8}")
    short = [name.removeprefix("apache-airflow-providers-") for name in names if not sdks.fullmatch(name)]
    assert [name for name in short if name not in reasons] == [], "say in ADR 0011 why it is here"


def test_links_between_pages_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)} -> {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_every_file_that_a_page_names_exists() -> None:
    named = re.compile(r"`((?:include|dags|plugins|tests|docs|benchmarks)/[\w./-]*[\w/-])`")
    missing = [
        f"{page.relative_to(ROOT)}: {name}"
        for page in PAGES
        for name in named.findall(page.read_text(encoding="utf-8"))
        if not (ROOT / name).exists() and name not in MADE
    ]
    assert missing == []


def test_every_decision_is_a_claim_with_what_would_violate_it() -> None:
    for page in sorted((ROOT / "docs/adr").glob("0*.md")):
        body = page.read_text(encoding="utf-8")
        assert "## A change violates this when it" in body, page.name
        assert page.name in (ROOT / "docs/adr/README.md").read_text(encoding="utf-8"), page.name


def test_reference_pages_say_what_the_code_says() -> None:
    for name, write in reference.PAGES.items():
        page = (reference.REFERENCE / name).read_text(encoding="utf-8")
        assert page == write(), "run `.venv/bin/python -m tests.support.reference`"


def test_every_page_is_in_an_index() -> None:
    for folder in ("how-to", "concepts", "reference", "adr"):
        index = (ROOT / "docs" / folder / "README.md").read_text(encoding="utf-8")
        pages = [page.name for page in sorted((ROOT / "docs" / folder).glob("*.md")) if page.name != "README.md"]
        assert [name for name in pages if f"({name})" not in index] == [], f"add them to docs/{folder}/README.md"
