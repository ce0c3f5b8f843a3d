from __future__ import annotations

import re

from babel.messages.pofile import read_po
from fastapi.testclient import TestClient

from include.reporting.pages.app import create_pages
from tests.support.translations import FILE, messages

PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+")


def test_every_message_has_a_chinese_translation_with_its_values():
    with FILE.open("rb") as file:
        chinese = read_po(file, locale="zh")
    said = {message: chinese.get(message) for message in messages()}
    assert [message for message, known in said.items() if known is None or not known.string] == []
    for message, known in said.items():
        text = known.string if isinstance(known.string, str) else known.string[0]
        assert set(PLACEHOLDER.findall(text)) <= set(PLACEHOLDER.findall(message)), message


def test_a_reader_chooses_the_language_and_keeps_it(warehouse):
    client = TestClient(create_pages(current_user=lambda: "ada", warehouse=lambda: warehouse))
    assert "Nothing is metered yet" in client.get("/").text
    assert "尚无计量" in client.get("/", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"}).text
    assert "尚无计量" in client.get("/?lang=zh").text
    assert '<html lang="zh">' in client.get("/bills").text
    assert "Nothing is metered yet" in client.get("/?lang=en").text
    assert '<html lang="en">' in client.get("/bills?lang=tlh").text


def test_sentences_are_in_the_readers_language_too(showcase_warehouse):
    client = TestClient(create_pages(current_user=lambda: "ada", warehouse=lambda: showcase_warehouse))
    chinese = client.get("/bills/2026-10-sub-02-risk?lang=zh").text
    assert "个用量未知的缺口未处理" in chinese
    assert "of unknown usage" not in chinese
    assert "of unknown usage" in client.get("/bills/2026-10-sub-02-risk?lang=en").text
