"""Draws the documentation's examples of the metering rules: `python -m tests.support.metering_picture`.

What each second is comes from the tests' oracle, which goes second by second; the drawing only groups the seconds. A
test compares the picture with what this draws, and its areas with the usage that the page shows.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.metering.oracle import NOTHING, Second, Seen, Sight, explain, follow

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES, PICTURE = DOCS / "concepts" / "metering-examples.jsonl", DOCS / "pictures" / "metering-examples.svg"
TEN, TOLERANCE = datetime.fromisoformat("2026-10-01T10:00:00Z"), 900

# Geometry, in the drawing's units; a minute is 20 wide and an AKU 3 high.
_LEFT, _TOP, _ROW, _SECONDS, _BASE = 190, 76, 74, 33 * 60, 46
_WIDTH = _LEFT + _SECONDS // 3 + 40
_FILLS = {"measured": "#3b73b9", "inferred": "#2a9d76", "estimated": "url(#estimated)", "unknown": "#f4d9d6"}
_STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #24292f } .name { font-weight: 600 } .small { font-size: 11px }
  .grid { stroke: #d8dee4 } .base { stroke: #8c959f } .gap { stroke: #c8372d; stroke-width: 3 }
  .poll { fill: #24292f } .failed { stroke: #c8372d; stroke-width: 2 } .empty { fill: #fff; stroke: #24292f }
  .change { stroke: #24292f; stroke-dasharray: 3 2 }
"""
_HATCH = (
    '<pattern id="estimated" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="7" height="7" fill="#f6c177"/><rect width="3" height="7" fill="#d98c21"/></pattern>'
)


class Piece(NamedTuple):
    """Seconds from start to end, counted from ten o'clock, that are all the same."""

    start: int
    end: int
    what: Second


class Example(NamedTuple):
    """An instance with its polls: second → what was said of it, None if it was not listed, "failed" if nothing was."""

    name: str
    polls: dict[int, Sight | str | None]

    @property
    def answers(self) -> list[tuple[int, Sight | None]]:
        return [(at, said) for at, said in self.polls.items() if not isinstance(said, str)]

    @property
    def seen(self) -> list[Seen]:
        return follow([(at, {self.name: said} if said else {}) for at, said in self.answers], self.name)

    def pieces(self) -> list[Piece]:
        """What is known of it, from ten o'clock to the last answer."""
        seconds: list[Second] = []
        for before, after in pairwise([None, *self.seen]):
            assert after is not None
            first = before.at if before else 0
            seconds += (explain(second, before, after, 0, TOLERANCE) for second in range(first, after.at))
        return list(_grouped(seconds))


def _grouped(seconds: list[Second]) -> Iterator[Piece]:
    start = 0
    for what, same in groupby(seconds):
        end = start + len(list(same))
        yield Piece(start, end, what)
        start = end


def read_examples() -> list[Example]:
    """The examples of the documentation, in the file's order."""
    examples: dict[str, Example] = {}
    for line in EXAMPLES.read_text(encoding="utf-8").splitlines():
        poll = json.loads(line)
        name = poll["environment_id"]
        example = examples.setdefault(name, Example(name, {}))
        sights = {each["instanceId"]: _sight(each) for each in poll.get("instances", [])}
        example.polls[_second(poll["observed_at"])] = sights.get(name) if poll["ok"] else "failed"
    return list(examples.values())


def _sight(instance: dict[str, Any]) -> Sight:
    return instance["spec"]["reservedAku"], _second(instance["gmtCreate"]), _second(instance["gmtModified"])


def _second(instant: str) -> int:
    return int((datetime.fromisoformat(instant) - TEN).total_seconds())


def draw() -> str:
    """The picture, as SVG."""
    examples = read_examples()
    height = _TOP + _ROW * len(examples) + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
        "<title>The examples of the metering rules: polls, and what is known between them</title>",
        f"<style>{_STYLE}</style><defs>{_HATCH}</defs>",
        f'<rect width="{_WIDTH}" height="{height}" rx="8" fill="#fff"/>',
        *_legend(),
        *_grid(height),
    ]
    for number, example in enumerate(examples):
        parts += _row(example, _TOP + number * _ROW)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _legend() -> Iterator[str]:
    names = {"measured": "measured", "inferred": "inferred", "estimated": "estimated", "unknown": "not known"}
    x = 16
    for known, words in names.items():
        yield f'<rect x="{x}" y="12" width="22" height="13" fill="{_FILLS[known]}"/>{_text(x + 28, 23, words)}'
        x += 46 + 7 * len(words)
    yield f'<line class="gap" x1="{x}" y1="19" x2="{x + 22}" y2="19"/>{_text(x + 28, 23, "gap")}'
    x += 46 + 7 * len("gap")
    yield f'<circle class="poll" cx="{x + 6}" cy="19" r="5"/>{_text(x + 16, 23, "poll, with AKU")}'
    x += 34 + 7 * len("poll, with AKU")
    yield f'<circle class="empty" cx="{x + 6}" cy="19" r="5"/>{_text(x + 16, 23, "not listed")}'
    x += 34 + 7 * len("not listed")
    yield f"{_cross(x + 6, 19)}{_text(x + 16, 23, 'failed')}"


def _grid(height: int) -> Iterator[str]:
    for minute in range(0, _SECONDS // 60 + 1, 5):
        x, clock = _x(minute * 60), f"{TEN + timedelta(minutes=minute):%H:%M}"
        yield f'<line class="grid" x1="{x}" y1="{_TOP - 18}" x2="{x}" y2="{height - 8}"/>'
        yield _text(x, _TOP - 24, clock, anchor="middle")


def _row(example: Example, top: int) -> Iterator[str]:
    base = top + _BASE
    yield _text(16, base, example.name, kind="name")
    yield f'<line class="base" x1="{_LEFT}" y1="{base}" x2="{_x(_SECONDS)}" y2="{base}"/>'
    for piece in example.pieces():
        yield from _piece(piece, base)
    for at, said in example.polls.items():
        x = _x(at)
        if said == "failed":
            yield _cross(x, base)
        elif said is None:
            yield f'<circle class="empty" cx="{x}" cy="{base}" r="5"/>'
        else:
            yield f'<circle class="poll" cx="{x}" cy="{base}" r="5"/>{_text(x, base + 19, said[0], anchor="middle")}'
    yield from _changes(example, base)


def _piece(piece: Piece, base: int) -> Iterator[str]:
    x, width, (size, known, gap) = _x(piece.start), (piece.end - piece.start) // 3, piece.what
    if size:
        yield f'<rect x="{x}" y="{base - 3 * size}" width="{width}" height="{3 * size}" fill="{_FILLS[known]}"/>'
        yield _text(x + width // 2, base - 3 * size - 4, f"{size} × {piece.end - piece.start} s", "small", "middle")
    elif piece.what != NOTHING:
        yield f'<rect x="{x}" y="{base - 12}" width="{width}" height="12" fill="{_FILLS["unknown"]}"/>'
        yield _text(x + width // 2, base - 16, f"{piece.end - piece.start} s", "small", "middle")
    if gap:
        yield f'<line class="gap" x1="{x}" y1="{base + 2}" x2="{x + width}" y2="{base + 2}"/>'


def _changes(example: Example, base: int) -> Iterator[str]:
    """When the last answer says that it was created or modified, where that tells something."""
    first, last = example.answers[0][0], example.answers[-1][1]
    if last is None:
        return
    times = {"created": last[1], "modified": last[2]}
    if times["created"] == times["modified"]:
        times.pop("modified")
    for word, at in times.items():
        x, is_shown = _x(max(at, 0)), at > 0
        if is_shown:
            yield f'<line class="change" x1="{x}" y1="{base - 34}" x2="{x}" y2="{base + 8}"/>'
            yield _text(x, base + 19, word, "small", "middle")
        elif word == "modified" and any(said and said[0] != last[0] for _, said in example.answers):
            clock = f"{TEN + timedelta(seconds=at):%H:%M}"
            yield _text(_x(first) + 14, base + 19, f"modified {clock}, it says", "small")


def _x(second: int) -> int:
    return _LEFT + second // 3


def _cross(x: int, y: int) -> str:
    return f'<path class="failed" d="M{x - 5} {y - 5}l10 10m0 -10l-10 10"/>'


def _text(x: int, y: int, words: object, kind: str = "", anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" class="{kind}" text-anchor="{anchor}">{words}</text>'


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
