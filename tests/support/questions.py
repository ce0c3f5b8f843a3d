"""How many clicks docs/how-to/answer-ten-questions.md gives each question."""

from __future__ import annotations

import re
from pathlib import Path

_HOW_TO = Path(__file__).parents[2] / "docs/how-to/answer-ten-questions.md"


def clicks_of(question: int) -> int:
    """What the second column of the table says."""
    [clicks] = re.findall(rf"^\| {question}\. [^|]*\| (\d) \|", _HOW_TO.read_text(encoding="utf-8"), re.MULTILINE)
    return int(clicks)
