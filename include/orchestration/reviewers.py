"""Who may decide about held bills: settings of the installation, which no form and no Airflow variable changes.

In Airflow's configuration, section `akubill`, or the environment (AIRFLOW__AKUBILL__BILL_REVIEWERS):

    bill_reviewers    ids of the users who may decide, separated by commas; empty: all who may run the DAG
    four_eyes_above   amount, tax included, above which who made a bill does not approve it; "never": no such amount
"""

from __future__ import annotations

from include.domain.errors import ConfigurationError, InvalidInputError
from include.domain.money import Decimal, parse_decimal

SECTION = "akubill"
_FOUR_EYES_ABOVE = "10000"


def named_reviewers() -> list[str]:
    """Ids of the users who may decide; none where all may who may run the DAG."""
    return [user for entry in _setting("bill_reviewers", "").split(",") if (user := entry.strip())]


def check_reviewer(user: str) -> None:
    """Refuse a user who may not decide.

    Raises:
        InvalidInputError: when reviewers are named, and the user is none of them.
    """
    allowed = named_reviewers()
    if allowed and user not in allowed:
        raise InvalidInputError("User", user, "may not decide about bills", f"Ask one of {', '.join(allowed)}.")


def four_eyes_above() -> Decimal | None:
    """The amount, tax included, above which who made a bill does not approve it; None: there is no such amount.

    Raises:
        ConfigurationError: when the setting is no amount.
    """
    setting = _setting("four_eyes_above", _FOUR_EYES_ABOVE).strip()
    if setting == "never":
        return None
    try:
        amount = parse_decimal(setting, "four_eyes_above")
    except InvalidInputError:
        amount = Decimal(-1)
    if amount < 0:
        raise ConfigurationError(
            f"The setting four_eyes_above of the section {SECTION} is {setting!r}: it must be an amount like "
            f"{_FOUR_EYES_ABOVE}, or never. Correct it in Airflow's configuration."
        )
    return amount


def _setting(name: str, default: str) -> str:
    from airflow.sdk.configuration import conf

    return conf.get(SECTION, name, fallback=default) or ""
