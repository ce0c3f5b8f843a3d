"""Brings include/reporting/pages/locale/zh.po up to date with the templates: new messages are added, empty; those that
no template has any more are dropped. Run `python -m tests.support.translations`, then translate what it names."""

from __future__ import annotations

import re
from io import BytesIO
from types import ModuleType
from typing import TYPE_CHECKING

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from include.domain.words import billing, marketplace, metering, operations, pushes, reconciliation, subscriptions, work
from include.domain.words.filling import Words
from include.reporting import presentation
from include.reporting.pages.site import NAVIGATION
from include.reporting.pages.translations import LOCALE

FILE = LOCALE / "zh.po"
if TYPE_CHECKING:
    from collections.abc import Iterator

#: Names of next steps, which templates translate.
_LABELS = re.compile(r'NextStep\(\s*"([^"]+)"')
#: What pages say. What broke a rule of a file or a reading is quoted from it, and stays English.
_SENTENCES = (
    *(billing, operations, subscriptions, work),
    *(marketplace.REASONS, marketplace.COMPARED, metering.CONSOLES, metering.GAP, pushes.REASONS, pushes.OPEN_POINTS),
    *(reconciliation.VERDICTS, reconciliation.VERDICTS_NOW, reconciliation.OPEN_POINTS, reconciliation.HYPOTHESES),
    *(reconciliation.HOUR_CAUSES, reconciliation.HOUR_COUNTS),
)
#: A template that says nothing but its facts.
_ONLY_FACTS = re.compile(r"[^A-Za-z]*(\{[^}]*\}[^A-Za-z]*)*")
# Without the dates and names that gettext's own header has: the file changes when a message does.
_HEADER = b"""\
# Chinese for the billing pages; `python -m tests.support.translations` brings it up to date with the templates.
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Language: zh\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""


def messages() -> set[str]:
    """Every message that a page may show: of the templates, the navigation, and the names of states."""
    found: set[str] = {label for _route, label in NAVIGATION} | set(presentation.WORDS.values())
    found |= {"Billing", "Operations", *sentences(_SENTENCES)}
    for page in sorted(LOCALE.parent.glob("*.py")):
        found.update(_LABELS.findall(page.read_text(encoding="utf-8")))
    for template in sorted((LOCALE.parent / "templates").glob("*.html")):
        for _line, message, _comments, _context in extract(
            "jinja2.ext:babel_extract", BytesIO(template.read_bytes()), options={"trimmed": "true", "silent": "false"}
        ):
            found.add(message if isinstance(message, str) else message[0])
    return found


def sentences(said: object) -> Iterator[str]:
    """The templates of words, in whatever holds them: modules, words, phrases by name."""
    if isinstance(said, str):
        yield from () if _ONLY_FACTS.fullmatch(said) else (said,)
    elif isinstance(said, Words):
        yield from sentences((said.sentence, said.title, said.phrases))
    elif isinstance(said, ModuleType):
        own = (value for name, value in vars(said).items() if not name.startswith("__"))
        yield from sentences(tuple(value for value in own if isinstance(value, Words | dict)))
    elif isinstance(said, dict | tuple):
        for value in said.values() if isinstance(said, dict) else said:
            yield from sentences(value)


def update() -> list[str]:
    """Write the catalogue again; returns what has no translation."""
    with FILE.open("rb") as file:
        old = read_po(file, locale="zh")
    new = Catalog(locale="zh", charset="utf-8")
    for message in sorted(messages()):
        known = old.get(message)
        new.add(message, known.string if known else "")
    with FILE.open("wb") as file:
        file.write(_HEADER)
        write_po(file, new, omit_header=True, width=120, sort_output=True)
    return [str(message.id) for message in new if message.id and not message.string]


if __name__ == "__main__":
    for missing in update():
        print(missing)  # noqa: T201
