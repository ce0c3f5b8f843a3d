"""What all table definitions share: the metadata and short forms of column types."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Identity, Integer, MetaData, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB

SCHEMAS = {
    "core": "Who subscribed to what: buyers, subscriptions, environments, instances, licences.",
    "metering": "What consoles said and what it means: polls, readings, usage per hour, gaps, rejections, imports.",
    "billing": "Price plans, bills and their lines. Issued bills never change.",
    "reconciliation": "What the Marketplace charged, and its agreement with our bills.",
    "marketplace": "What the Marketplace said, in the order in which it came, and what became of it.",
    "reporting": "Which documents were written to which files.",
    "operations": "Alarms, notifications of operators, and machines compared with instances.",
}
#: Schemas of views; they have no tables.
VIEW_SCHEMAS = {
    "analytics": "Bills, their lines, usage and cost by day, customer, region and department, under stable names.",
}

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s_index",
        "uq": "%(table_name)s_%(column_0_N_name)s_unique",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)


def key(name: str, comment: str) -> Column[Any]:
    """A surrogate primary key, given by the database."""
    return Column(name, BigInteger, Identity(always=True), primary_key=True, comment=comment)


def big(name: str, comment: str, **options: Any) -> Column[Any]:
    """A BIGINT column, NOT NULL unless said otherwise."""
    return Column(name, BigInteger, comment=comment, **{"nullable": False, **options})


def integer(name: str, comment: str, **options: Any) -> Column[Any]:
    """An INTEGER column, NOT NULL unless said otherwise."""
    return Column(name, Integer, comment=comment, **{"nullable": False, **options})


def text(name: str, comment: str, **options: Any) -> Column[Any]:
    """A TEXT column, NOT NULL unless said otherwise."""
    return Column(name, Text, comment=comment, **{"nullable": False, **options})


def flag(name: str, comment: str, **options: Any) -> Column[Any]:
    """A BOOLEAN column, NOT NULL unless said otherwise."""
    return Column(name, Boolean, comment=comment, **{"nullable": False, **options})


def instant(name: str, comment: str, **options: Any) -> Column[Any]:
    """A timestamptz column, NOT NULL unless said otherwise."""
    return Column(name, DateTime(timezone=True), comment=comment, **{"nullable": False, **options})


def decimal(name: str, comment: str, **options: Any) -> Column[Any]:
    """A NUMERIC column without a fixed scale: nothing is rounded on the way in; NOT NULL unless said otherwise."""
    return Column(name, Numeric, comment=comment, **{"nullable": False, **options})


def json(name: str, comment: str, **options: Any) -> Column[Any]:
    """A JSONB column, NOT NULL unless said otherwise."""
    return Column(name, JSONB, comment=comment, **{"nullable": False, **options})
