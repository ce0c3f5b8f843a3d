"""Bills and notes as PDF, set by Typst; the same document gives the same bytes.

Nothing of a document's text is ever part of a template: it goes in as JSON, in `sys.inputs`. Fonts come with us (see
typst/fonts), the machine's own are not looked at, and the PDF's date is the document's.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Literal

import typst

from include.catalog.loader import load_product
from include.domain.errors import FatalError
from include.reporting.document_data import page_of
from include.reporting.document_words import TYPST, words

if TYPE_CHECKING:
    from include.reporting.document_data import PrintedDocument


class UnprintableError(FatalError):
    """A document that cannot be laid out: the template has a fault, or its text is nothing that can be printed."""

    def __init__(self, bill_id: str, reason: str) -> None:
        super().__init__(f"Document {bill_id} cannot be printed: {reason}. Report it with this message.")


def print_document(printed: PrintedDocument, language: str = "en") -> bytes:
    """The document as a PDF.

    Raises:
        InvalidInputError: when documents are not printed in that language, or its product is not in the catalogue.
        UnprintableError: when the document cannot be laid out.
    """
    pages = _compile(printed, language, "pdf")
    return pages if isinstance(pages, bytes) else b"".join(pages)


def draw_document(printed: PrintedDocument, language: str = "en", dots_per_inch: int = 110) -> list[bytes]:
    """The document's pages as PNG pictures, for viewing."""
    pages = _compile(printed, language, "png", dots_per_inch)
    return [pages] if isinstance(pages, bytes) else pages


def _compile(
    printed: PrintedDocument, language: str, form: Literal["pdf", "png"], dots_per_inch: int = 110
) -> bytes | list[bytes]:
    bill = printed.header
    page = page_of(printed, bill.product_as_printed(load_product(bill.product)), words(language))
    try:
        made = _compiler().compile(
            format=form,
            ppi=dots_per_inch,
            sys_inputs={"page": json.dumps(page, ensure_ascii=False)},
            timestamp=int(bill.dated.timestamp()),
        )
    except typst.TypstError as error:
        raise UnprintableError(bill.bill_id, str(error)) from error
    assert made is not None  # noqa: S101 (None only where a file is written)
    return made


@cache
def _compiler() -> typst.Compiler:
    """One compiler for the process: it reads the fonts once."""
    return typst.Compiler(
        str(TYPST / "bill.typ"), root=str(TYPST), font_paths=[str(TYPST / "fonts")], ignore_system_fonts=True
    )
