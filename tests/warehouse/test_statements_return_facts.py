"""SQL returns facts: no statement and no audit composes English."""

from __future__ import annotations

import re
from pathlib import Path

from include.warehouse import engine

WAREHOUSE = Path(engine.__file__).parent
LITERAL = re.compile(r"'((?:[^']|'')*)'")
ENGLISH = re.compile(r"[A-Za-z]{2,} (?:[a-z]{2,}|%)")
#: What is printed on documents and exported is stored with its line.
PRINTED = {
    "sql/billing/rating/create_lines.sql",
    "sql/billing/corrections/add_refunds.sql",
    "sql/billing/corrections/create_roots.sql",
    "sql/reporting/exports/list_focus_charges.sql",
    "sql/reporting/exports/list_lines.sql",
}
#: The name of the fingerprint's form.
NAMES = {"akubill bill, form 4"}


def test_no_statement_composes_english() -> None:
    found = {}
    for path in [*WAREHOUSE.glob("sql/**/*.sql"), *WAREHOUSE.glob("audits/*.sql")]:
        code = re.sub(r"--.*", "", path.read_text(encoding="utf-8"))
        texts = {text for text in LITERAL.findall(code) if ENGLISH.search(text)} - NAMES
        if texts:
            found[path.relative_to(WAREHOUSE).as_posix()] = texts
    assert {name: texts for name, texts in found.items() if name not in PRINTED} == {}
    assert set(found) >= PRINTED, "a file that composes nothing any more needs no exception"
