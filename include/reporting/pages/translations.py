"""The languages of the pages: English, which the templates are written in, and Chinese from locale/zh.po.

A reader chooses by the link at the top of a page, which sets a cookie; else the browser's preference decides.
"""

from __future__ import annotations

import io
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import TYPE_CHECKING

from babel.core import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

if TYPE_CHECKING:
    from fastapi import Request

LOCALE = Path(__file__).parent / "locale"
#: Each language with the name that its speakers give it.
LANGUAGES = {"en": "English", "zh": "中文"}
COOKIE = "billing_language"


def language_of(request: Request) -> str:
    """The reader's language: `lang` of the address, else the cookie, else what the browser prefers, else English."""
    for chosen in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if chosen in LANGUAGES:
            return chosen
    said = request.headers.get("accept-language", "")
    preferred = [part.split(";")[0].strip() for part in said.split(",")][:20]
    return negotiate_locale([name[:2] for name in preferred], list(LANGUAGES)) or "en"


@cache
def translations(language: str) -> NullTranslations:
    """What gettext needs for the language; a message without a translation stays English."""
    if language == "en":
        return NullTranslations()
    compiled = io.BytesIO()
    with (LOCALE / f"{language}.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)
