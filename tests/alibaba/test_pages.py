"""All items of all pages, or an error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.alibaba.bss import Bss
from include.alibaba.market import Market
from include.alibaba.pages import NumberedPage, TokenPage, follow_numbers, follow_tokens, follow_unchanged_tokens
from include.domain.errors import RefusedError, RetriableError, UnexpectedAnswerError
from include.domain.money import Decimal
from tests.support.cloud import QUICK, Cloud, says


@given(rows=st.lists(st.integers()), size=st.integers(1, 7))
def test_every_item_comes_once_and_in_order(rows: list[int], size: int) -> None:
    def by_token(token: str | None) -> TokenPage:
        start = int(token or 0)
        following = start + size
        return TokenPage(rows[start:following], str(following) if following < len(rows) else "")

    def by_number(number: int) -> NumberedPage:
        return NumberedPage(rows[(number - 1) * size : number * size], len(rows))

    assert list(follow_tokens("List", by_token, lambda row: row)) == rows
    assert list(follow_numbers("List", by_number, lambda row: row)) == rows


def test_a_token_that_comes_again_ends_the_listing_with_an_error() -> None:
    with pytest.raises(UnexpectedAnswerError, match="same NextToken twice"):
        list(follow_tokens("List", lambda _: TokenPage([1], "again"), lambda row: row))


@pytest.mark.parametrize(
    "answers",
    [
        [TokenPage([1, 2], "t", 3), TokenPage([3], None, 4)],
        [TokenPage([1, 2], "t", 4), TokenPage([3], None, 4)],
        [TokenPage([1, 2], "t", 3), TokenPage([3], None, 3), TokenPage([0, 1], "t", 3)],
        [TokenPage([1, 2], "t"), TokenPage([3], None), TokenPage([2], "t")],
    ],
    ids=["grew", "lost one", "moved", "moved without a total"],
)
def test_a_listing_by_tokens_that_changes_while_it_is_read_is_noticed(answers: list[TokenPage]) -> None:
    with pytest.raises(RetriableError, match="changed while it was read"):
        list(follow_unchanged_tokens("List", lambda _: answers.pop(0), lambda row: row))


@given(rows=st.lists(st.integers()), size=st.integers(1, 7))
def test_a_listing_by_tokens_that_does_not_change_is_read_whole(rows: list[int], size: int) -> None:
    def fetch(token: str | None) -> TokenPage:
        start = int(token or 0)
        following = start + size
        return TokenPage(rows[start:following], str(following) if following < len(rows) else "", len(rows))

    assert list(follow_unchanged_tokens("List", fetch, lambda row: row)) == rows


@pytest.mark.parametrize("second", [NumberedPage([3], 4), NumberedPage([], 3)], ids=["grew", "ran dry"])
def test_a_listing_that_changes_between_pages_is_not_a_listing(second: NumberedPage) -> None:
    pages = {1: NumberedPage([1, 2], 3), 2: second}
    with pytest.raises(RetriableError, match="changed while it was read"):
        list(follow_numbers("List", lambda number: pages[number], lambda row: row))


def test_a_bill_is_read_to_its_end_with_exact_amounts(cloud: Cloud) -> None:
    cloud.answers = [_bill(_item(0.1), token="t2"), _bill(_item(0.2), _item(1234567.89), token="")]
    items = list(Bss(cloud.access, QUICK).instance_bill("2026-10"))
    assert [item.pretax_amount for item in items] == [Decimal("0.1"), Decimal("0.2"), Decimal("1234567.89")]
    assert sum((item.pretax_amount for item in items), Decimal(0)) == Decimal("1234568.19")
    assert [row.get("NextToken") for row in cloud.asked] == [None, "t2"]
    assert {row["MaxResults"] for row in cloud.asked} == {"300"}


def test_a_page_that_fails_is_asked_again_and_no_item_is_doubled(cloud: Cloud) -> None:
    busy = says(503, Code="ServiceUnavailable", Message="Later.")
    cloud.answers = [_bill(_item(1.0), token="t2"), busy, _bill(_item(2.0), token="")]
    amounts = [item.pretax_amount for item in Bss(cloud.access, QUICK).instance_bill("2026-10")]
    assert amounts == [Decimal(1), Decimal(2)]


def test_bss_refuses_under_http_200(cloud: Cloud) -> None:
    cloud.answers = [says(Success=False, Code="InvalidBillingCycle", Message="Out of range.", RequestId="R-9")]
    with pytest.raises(RefusedError, match="InvalidBillingCycle: Out of range") as refusal:
        list(Bss(cloud.access, QUICK).instance_bill("2026-10"))
    assert refusal.value.request_id == "R-9"


def test_bss_may_be_busy_under_http_200(cloud: Cloud) -> None:
    cloud.answers = [says(Success=False, Code="SystemBusy", Message="Later."), _bill(_item(1.0), token="")]
    assert len(list(Bss(cloud.access, QUICK).instance_bill("2026-10"))) == 1


@pytest.mark.parametrize("amount", [None, "", "much", True, "NaN"])
def test_a_bill_item_without_an_amount_is_an_error_and_not_nothing(cloud: Cloud, amount: object) -> None:
    cloud.answers = [_bill(_item(amount), token="")]
    with pytest.raises(UnexpectedAnswerError, match="pretax_amount"):
        list(Bss(cloud.access, QUICK).instance_bill("2026-10"))


def test_notifications_are_read_page_by_page(cloud: Cloud) -> None:
    def page(*ids: int) -> object:
        rows = [
            {"NotificationRequestId": str(i), "Action": "renewInstance", "Message": '{"orderId": "7"}'} for i in ids
        ]
        return says(NotificationList=rows, TotalCount=3)

    cloud.answers = [page(1, 2), page(3)]  # type: ignore[list-item]
    notifications = list(Market(cloud.access, QUICK).failed_notifications())
    assert [row.request_id for row in notifications] == ["1", "2", "3"]
    assert notifications[0].message == '{"orderId": "7"}'


def _item(pretax_amount: object) -> dict[str, object]:
    return {
        "InstanceID": "100000001",
        "Item": "PayAsYouGoBill",
        "PretaxGrossAmount": 1.0,
        "PretaxAmount": pretax_amount,
        "Currency": "CNY",
    }


def _bill(*items: dict[str, object], token: str):
    return says(Success=True, Code="Success", Data={"Items": list(items), "NextToken": token})
