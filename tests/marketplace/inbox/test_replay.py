"""`akubill marketplace token` and `replay`: files in, answers out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support.marketplace.callbacks import KEY, md5, signed, write_events

if TYPE_CHECKING:
    from pathlib import Path

BOUGHT = signed(
    action="createInstance", orderBizId="mi-1", orderId="1", skuId="sku-1", expiredOn="2026-12-31 08:00:00", aliUid="9"
)
RENEWED = signed(action="renewInstance", instanceId="mi-1", orderId="2", expiredOn="2027-12-31 08:00:00")
EXPIRED = signed(action="expiredInstance", instanceId="mi-1")


def test_the_token_of_a_query_is_printed_alone(akubill) -> None:
    token = md5("p1=1&p2=2&p3=3&key=isvkey")
    for query in ("p2=2&p1=1&token=x&p3=3", "?p2=2&p1=1&p3=3&p3=4"):
        assert akubill("marketplace", "token", "--key", "isvkey", query) == (0, f"{token}\n", "")


def test_a_life_is_replayed(akubill, tmp_path: Path) -> None:
    file = write_events(
        tmp_path / "events.jsonl",
        [
            ("2026-10-01T00:00:00Z", BOUGHT),
            ("2026-10-01T00:01:00Z", BOUGHT),
            ("2026-10-01T00:02:00Z", signed("wrong", action="releaseInstance", instanceId="mi-1")),
            ("2026-12-31T00:00:00Z", EXPIRED),
            ("2027-01-01T00:00:00Z", RENEWED),
            ("2027-01-01T00:00:01Z", EXPIRED),
            ("2027-12-31T00:00:00Z", EXPIRED),
            ("2027-12-31T00:00:01Z", signed(action="orderPay", requestId="r-1")),
            ("2027-12-31T00:00:02Z", signed(action="renewInstance", instanceId="mi-2", orderId="3", expiredOn="x")),
        ],
    )
    code, out, err = akubill("marketplace", "replay", "--events", str(file), "--key", KEY, "--format", "json")
    assert code == 0
    assert json.loads(out) == {
        "events": {"received": 9, "accepted": 4, "repeated": 1, "refused": 1, "parked": 3},
        "subscriptions": [
            {
                "marketplace_instance_id": "mi-1",
                "order_id": "1",
                "sku_id": "sku-1",
                "state": "frozen",
                "expires_at": "2027-12-31T00:00:00Z",
            }
        ],
    }
    assert "line 3 is refused: Token is not the one" in err.replace("\n", " ")
    assert "line 6 is parked: The Marketplace says that mi-1 has expired" in err


def test_a_line_that_is_no_callback_is_named_and_the_others_go_on(akubill, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    good = json.dumps({"received_at": "2026-10-01T00:00:00Z", "query": BOUGHT})
    bad = [
        "{",
        "[]",
        json.dumps({"query": BOUGHT}),
        json.dumps({"received_at": "2026-10-01T00:00:00", "query": BOUGHT}),
        json.dumps({"received_at": "2026-10-01T00:00:00Z", "query": 7}),
        '{"received_at": "2026-10-01T00:00:00Z", "query": "a=1", "query": "a=2"}',
    ]
    file.write_text("\ufeff" + "\r\n".join(["", *bad, "", good, ""]), encoding="utf-8")
    code, out, err = akubill("marketplace", "replay", "--events", str(file), "--key", KEY, "--format", "json")
    assert code == 1
    assert json.loads(out)["events"] == {"received": 1, "accepted": 1, "repeated": 0, "refused": 0, "parked": 0}
    assert [line.split(" line ")[1].split()[0] for line in err.splitlines()] == ["2", "3", "4", "5", "6", "7"]


def test_a_callback_that_cannot_be_read_is_refused(akubill, tmp_path: Path) -> None:
    queries = ["a=%00", "a=%D6%D0", "a=%4", "a=" + "x" * 100_000, "", "token=1", "a=\ud83d", "a=1"]
    events = [("2026-10-01T00:00:00Z", query) for query in queries]
    file = write_events(tmp_path / "events.jsonl", events)
    code, out, err = akubill("marketplace", "replay", "--events", str(file), "--key", KEY, "--format", "json")
    assert (code, json.loads(out)["events"]["refused"]) == (0, len(queries))
    assert len(err.splitlines()) == len(queries)


def test_a_file_without_callbacks_or_a_wrong_key_is_a_sentence(akubill, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text("\n\n", encoding="utf-8")
    for key, said in ((KEY, "holds no callback"), ("", "Key is empty")):
        code, out, err = akubill("marketplace", "replay", "--events", str(file), "--key", key)
        assert (code, out, said in err) == (1, "", True)


def test_people_read_a_table(akubill, tmp_path: Path) -> None:
    file = write_events(tmp_path / "events.jsonl", [("2026-10-01T00:00:00Z", BOUGHT)])
    code, out, _ = akubill("marketplace", "replay", "--events", str(file), "--key", KEY)
    assert code == 0
    assert "sku-1" in out
    assert "1 received, 1 accepted, 0 repeated, 0 refused, 0 parked" in out
