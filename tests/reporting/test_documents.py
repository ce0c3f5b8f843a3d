"""Bills and notes as they are printed: what they contain, in which language, and always the same bytes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
import typst
import yaml
from pypdf import PdfReader

from include.catalog.loader import load_product
from include.domain.errors import InvalidInputError
from include.domain.money import Decimal
from include.reporting.document_data import page_of, read_document
from include.reporting.document_words import LANGUAGES, TYPST, words
from include.reporting.documents import draw_document, print_document
from tests.support.builders import make_buyer, make_subscription
from tests.support.documents import DEBIT, NEXT, NOTE, PAYG, PREPAID, line, make_document

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from include.reporting.document_data import PrintedDocument


@pytest.fixture
def filled(documents_warehouse: Engine) -> Engine:
    return documents_warehouse


def read(warehouse: Engine, bill_id: str) -> PrintedDocument:
    with warehouse.connect() as connection:
        return read_document(connection, bill_id)


def page(warehouse: Engine, bill_id: str, language: str = "en", **product: object) -> dict[str, Any]:
    return page_of(read(warehouse, bill_id), load_product().model_copy(update=product), words(language))


def texts_of(pdf: bytes) -> list[str]:
    """The text of each page, without the spaces that allow a break."""
    return [page.extract_text().replace("\u200b", "") for page in PdfReader(io.BytesIO(pdf)).pages]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("bill_id", [PAYG, PREPAID, NOTE, DEBIT, NEXT])
def test_a_document_printed_twice_has_the_same_bytes(filled: Engine, bill_id: str, language: str) -> None:
    printed = read(filled, bill_id)
    assert print_document(printed, language) == print_document(printed, language)
    assert len(draw_document(printed, language)) == 1, "an ordinary document fits on one page"


def test_a_bill_says_who_pays_whom_for_what(filled: Engine) -> None:
    shown = page(filled, PAYG)
    assert (shown["seller"], shown["product"]) == ("AutoMQ HK Limited", "AutoMQ for Kafka (BYOC Pay-As-You-Go)")
    assert ["Department", "Retail platform"] in shown["buyer"]
    assert ["Region", "China (Hangzhou), cn-hangzhou"] in shown["service"]
    assert ["Billing period", "1 Oct 2026 – 31 Oct 2026"] in shown["facts"]
    assert shown["total"] == "CNY 434.60"
    assert shown["taxes"] == [["Tax 6% on 410.00", "24.60"]]
    assert shown["lines"][5]["amount"] == "\u221247.00"
    assert shown["sentences"][0].startswith("Collected by Alibaba Cloud Marketplace")
    assert page(filled, PAYG, collected_by="seller")["sentences"][0] == "Payable to AutoMQ HK Limited."


def test_days_of_the_chart_are_those_of_the_plans_zone(filled: Engine) -> None:
    chart = page(filled, PAYG)["chart"]
    assert [label for _, _, label in chart["days"]] == [str(day) for day in range(1, 32)]
    assert chart["series"] == [[0, "kf-1", "480.00"]]
    assert len(chart["boxes"]) == 2
    assert page(filled, PREPAID)["no_usage"] == "No usage was metered in this period."


def test_a_note_says_what_it_corrects_and_why(filled: Engine) -> None:
    shown = page(filled, NOTE)
    assert (shown["title"], shown["total_label"], shown["total"]) == ("Credit note", "Credited to you", "CNY 84.80")
    assert PAYG in shown["note"]
    assert shown["lines"][0]["details"] == [f"Corrects line 2 of {PAYG}.", "Reason: #strong[=1+1] outage"]
    assert shown["taxes"][0][0] == f"Tax 6% on \u221260.00 (corrects {PAYG})"
    assert shown["chart"] is None
    assert page(filled, DEBIT)["total"] == "CNY 6.00"


def test_contained_tax_is_said_to_be_contained(filled: Engine) -> None:
    assert page(filled, PREPAID)["taxes"] == [["Of this, tax 6% contained in 10,003.00", "566.21"]]


def test_chinese_documents_are_chinese_down_to_their_lines(filled: Engine) -> None:
    shown = page(filled, PAYG, "zh")
    assert shown["title"] == "账单"
    assert shown["lines"][1]["description"] == "AutoMQ Kafka 用量（第 1 阶梯），2026-10-01至2026-10-31"  # noqa: RUF001
    assert ["地域", "华东1（杭州） cn-hangzhou"] in shown["service"]  # noqa: RUF001


@pytest.mark.parametrize(("state", "mark"), [("draft", "DRAFT"), ("held", "ON HOLD"), ("void", "VOID")])
def test_what_is_not_issued_says_so_across_the_page(warehouse: Engine, state: str, mark: str) -> None:
    with warehouse.begin() as connection:
        make_document(connection, make_subscription(connection, make_buyer(connection)), "b", [line()], state=state)
    shown = page(warehouse, "b")
    assert shown["mark"] == mark
    assert "Nothing is payable" in shown["not_payable"]
    assert page(warehouse, "b", "zh")["not_payable"]


def test_text_that_people_wrote_is_never_markup(warehouse: Engine) -> None:
    hostile = '#panic("x") *b* _i_ $x^2$ `raw` \\ #include "/etc/passwd" @label <label> "\u202e'
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection), contact=hostile, department=hostile)
        make_document(connection, key, "b", [line(description=hostile, reason=hostile)])
    printed = "".join(texts_of(print_document(read(warehouse, "b"))))
    assert printed.count('#panic("x") *b* _i_ $x^2$ `raw`') >= 2
    assert "root:" not in printed


def test_many_lines_and_long_names_run_over_pages_with_the_head_repeated(warehouse: Engine) -> None:
    with warehouse.begin() as connection:
        key = make_subscription(connection, make_buyer(connection), "x" * 200, department="部门" * 150)
        make_document(connection, key, "b", [line(tier=n, description=f"Tier {n} {'w' * 90}") for n in range(1, 101)])
    printed = read(warehouse, "b")
    pages = texts_of(print_document(printed))
    assert len(pages) == len(draw_document(printed)) >= 4
    assert all("Unit price" in text for text in pages[1:4])
    assert f"Page {len(pages)} of {len(pages)}" in pages[-1]
    assert "CNY 12,000.00" in pages[-1]


def test_a_bill_of_nothing_is_a_document_too(warehouse: Engine) -> None:
    nothing = line(amount="0.00", aku_seconds=0, quantity=Decimal("0.000000"))
    with warehouse.begin() as connection:
        make_document(connection, make_subscription(connection, make_buyer(connection)), "b", [nothing])
    assert page(warehouse, "b")["total"] == "CNY 0.00"
    assert print_document(read(warehouse, "b")).startswith(b"%PDF-")


def test_all_languages_have_the_same_words() -> None:
    def keys(node: object, path: str = "") -> set[str]:
        if not isinstance(node, dict) or path in {".lines", ".regions"}:
            return {path}
        return {key for name, value in node.items() for key in keys(value, f"{path}.{name}")}

    english, *others = (yaml.safe_load((TYPST / f"words-{name}.yaml").read_text("utf-8")) for name in LANGUAGES)
    assert [keys(other) for other in others] == [keys(english)] * len(others)


@pytest.mark.parametrize("weight", ["regular", "bold"])
def test_the_fonts_have_every_character_of_our_words(weight: str) -> None:
    used = "".join(sorted(set("".join((TYPST / f"words-{name}.yaml").read_text("utf-8") for name in LANGUAGES))))
    source = f'#set text(font: "Noto Sans CJK SC", weight: "{weight}", fallback: false)\n#sys.inputs.used'
    # PDF/A refuses a glyph that the font does not have.
    typst.compile(  # type: ignore[call-overload]  # its stub wants all paths in one type
        source.encode(),
        font_paths=[str(TYPST / "fonts")],
        ignore_system_fonts=True,
        sys_inputs={"used": used.replace("\n", "")},
        pdf_standards="a-2u",
    )


def test_an_unknown_bill_or_language_is_refused(filled: Engine) -> None:
    with pytest.raises(InvalidInputError, match="is not known"):
        read(filled, "2026-10-unknown")
    with pytest.raises(InvalidInputError, match="these are en, zh"):
        print_document(read(filled, PAYG), "fr")
