"""What came after the first release; one function for each part, each with its own reason."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    make_notices()
    count_adjusted_rows()
    index_open_gaps()


def make_notices() -> None:
    """Missed deadlines and findings of the machine check are told once, as alarms are."""
    op.create_table(
        "notices",
        sa.Column(
            "notice_key",
            sa.Text(),
            nullable=False,
            comment="What it is about: deadline/<DAG>/<run>, or machine_finding/<finding_key>/<opened or resolved>.",
        ),
        sa.Column("sentence", sa.Text(), nullable=False, comment="What operators are told."),
        sa.Column(
            "claimed_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Instant of who took it upon itself to tell; entered before anything is sent.",
        ),
        sa.Column(
            "told_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Instant of who told it; null when it is not known to have arrived.",
        ),
        sa.Column(
            "failure",
            sa.Text(),
            nullable=True,
            comment="Why telling failed, as a sentence; it is not tried again.",
        ),
        sa.CheckConstraint("told_at IS NULL OR failure IS NULL", name=op.f("notices_outcome_check")),
        sa.PrimaryKeyConstraint("notice_key", name=op.f("notices_pkey")),
        schema="metering",
        comment="Ledger of what operators were told beside alarms: each notice at most once.",
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON metering.notices TO billing_writer")
    op.execute("GRANT SELECT ON metering.notices TO billing_analyst")


def count_adjusted_rows() -> None:
    """Imported rows for hours on issued bills wait as adjustments."""
    op.add_column(
        "imports",
        sa.Column(
            "rows_adjusted",
            sa.BigInteger(),
            nullable=False,
            server_default="0",
            comment="Rows that differ from an issued bill and wait as pending adjustments of it.",
        ),
        schema="metering",
    )
    op.add_column(
        "imports",
        sa.Column(
            "adjusted_bills",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            server_default="{}",
            comment="Public ids of the bills that these rows differ from.",
        ),
        schema="metering",
    )
    op.alter_column(
        "pending_adjustments",
        "cause",
        schema="billing",
        comment="late_answer or closed_again (see metering.usage_revisions), or imported.",
        existing_comment="late_answer or closed_again; see metering.usage_revisions.",
        existing_type=sa.Text(),
        existing_nullable=False,
    )


def index_open_gaps() -> None:
    """Closing an hour reads no gaps of earlier ones."""
    op.create_index(
        "gaps_open",
        "gaps",
        ["gap_end"],
        schema="metering",
        postgresql_where=sa.text("state = 'open'"),
    )
