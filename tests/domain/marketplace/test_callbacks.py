"""Reading callbacks: the query, its token, and its times."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.errors import InvalidInputError
from include.domain.marketplace.callbacks import (
    LONGEST_QUERY,
    MOST_PARAMETERS,
    callback_token,
    check_key,
    read_callback,
    read_time,
)
from tests.support.marketplace.callbacks import KEY, md5, signed


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("p3=3&p1=1&p2=2", "p1=1&p2=2&p3=3"),
        ("p1=1&token=whatever&p2=2", "p1=1&p2=2"),
        ("a=1&a=2&b=3&b=", "a=1&b=3"),
        ("z=%E4%B8%AD%E6%96%87&a=1+2%2B3", "a=1 2+3&z=中文"),
        ("a=&b", "a=&b="),
        ("a=1&&b=x=y&", "a=1&b=x=y"),
        ("B=1&a=2&A=3", "A=3&B=1&a=2"),
        ("key=mine&a=1", "a=1&key=mine"),
    ],
)
def test_the_token_covers_the_first_value_of_every_decoded_parameter_but_itself(query: str, text: str) -> None:
    assert callback_token(read_callback(query).parameters, "isvkey") == md5(f"{text}&key=isvkey")


def test_a_callback_is_signed_by_its_key_and_no_other() -> None:
    callback = read_callback(signed(action="renewInstance", note="a b&c", new_one="1"))
    assert callback.is_signed_with(KEY)
    assert not callback.is_signed_with("another")
    assert not read_callback("action=renewInstance").is_signed_with(KEY)
    assert not read_callback(callback.query.replace("new_one=1", "new_one=2")).is_signed_with(KEY)
    assert not read_callback(callback.query + "&extra=1").is_signed_with(KEY)
    assert read_callback(callback.query + "&new_one=2").is_signed_with(KEY), "a second value of a name does not count"
    assert not read_callback("token=%E4%B8%AD&" + callback.query).is_signed_with(KEY)


@pytest.mark.parametrize(
    ("query", "rule"),
    [
        ("", "no parameter"),
        ("action", "no parameter"),
        ("token=abc", "no parameter"),
        ("a=%", "percent sign"),
        ("a=%4", "percent sign"),
        ("a=%zz", "percent sign"),
        ("a=%D6%D0%CE%C4", "UTF-8"),
        ("a=%ED%A0%BD", "UTF-8"),
        ("a=\ud83d", "UTF-8"),
        ("a=%00", "NUL"),
        ("a=\0", "NUL"),
        ("a=" + "x" * LONGEST_QUERY, "characters"),
        ("&".join(f"p{n}=1" for n in range(MOST_PARAMETERS + 1)), "parameters"),
    ],
)
def test_what_is_no_query_is_refused_in_a_sentence(query: str, rule: str) -> None:
    with pytest.raises(InvalidInputError, match=rule) as refused:
        read_callback(query)
    assert len(str(refused.value)) < 400
    str(refused.value).encode()


def test_a_message_shows_no_token() -> None:
    with pytest.raises(InvalidInputError) as refused:
        read_callback("a=1&token=0123456789abcdef&b=%zz")
    assert "0123456789abcdef" not in str(refused.value)


@given(st.text(max_size=60))
def test_any_query_is_read_or_refused_in_a_sentence(query: str) -> None:
    try:
        parameters = read_callback(query).parameters
    except InvalidInputError:
        return
    expected: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=None):
        expected.setdefault(name, value)
    assert dict(parameters) == expected


@pytest.mark.parametrize("key", ["", "a\nb", "x" * 201, "\ud83d"])
def test_what_is_no_key_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_key(key)
    assert not key or key not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-10-01 08:00:00", datetime(2026, 10, 1, tzinfo=UTC)),
        ("2026-10-01T08:00:00", datetime(2026, 10, 1, tzinfo=UTC)),
        ("2026-10-01T00:00:00Z", datetime(2026, 10, 1, tzinfo=UTC)),
        ("2026-10-01 09:00:00+09:00", datetime(2026, 10, 1, tzinfo=UTC)),
        ("1790812800000", datetime(2026, 10, 1, tzinfo=UTC)),
        ("1790812800123", datetime(2026, 10, 1, 0, 0, 0, 123000, tzinfo=UTC)),
        ("2000-01-01 08:00:00", datetime(2000, 1, 1, tzinfo=UTC)),
    ],
)
def test_times_without_a_zone_are_of_shanghai_and_numbers_are_milliseconds(text: str, instant: datetime) -> None:
    assert read_time(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "tomorrow", "2026-10-01", "2026-13-01 00:00:00", "2026-02-29 00:00:00", "2026-10-01 24:00:00"),
        *("2026-10-01 08:00:60", "2026-10-1 8:00:00", "1790812800", "-1790812800000", "99999999999999", "0"),
        *(
            "0001-01-01 00:00:00",
            "9999-12-31 23:59:59",
            "2026-10-01 08:00:00 ",
            "\uff12026-10-01 08:00:00",
            "1e12",
            "null",
        ),
    ],
)
def test_what_is_no_time_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(InvalidInputError, match="Asia/Shanghai"):
        read_time(text, "expiredOn")
