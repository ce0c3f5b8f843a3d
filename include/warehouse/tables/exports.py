"""Schema reporting: the ledger of files: which documents were written where, with what content."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, UniqueConstraint

from include.warehouse.tables.base import big, instant, integer, key, metadata, text

exports = Table(
    "exports",
    metadata,
    key("export_key", "Surrogate key."),
    text("period", "Period whose files it belongs to, YYYY-MM: of the bill, or in which the note was issued."),
    Column(
        "bill_key",
        ForeignKey("billing.bills.bill_key"),
        nullable=True,
        comment="Document, for a file of one issued document; null for a file of the whole period.",
    ),
    text("format", "pdf, csv or focus."),
    text("language", "en or zh, for PDF; null for other formats.", nullable=True),
    text("destination", "Folder or bucket that the export was for: what is due is due for each by itself."),
    text("uri", "Where the file was written."),
    text("sha256", "SHA-256 of its content, in hex."),
    big("size_bytes", "Length of its content in bytes."),
    integer("document_count", "Documents that it holds."),
    instant("exported_at", "Logical time of the run that wrote it last."),
    UniqueConstraint("uri", "sha256"),
    CheckConstraint("format IN ('pdf', 'csv', 'focus')", name="format"),
    CheckConstraint("(format = 'pdf') = (language IS NOT NULL)", name="language"),
    Index("exports_by_bill", "bill_key", "destination"),
    Index("exports_by_period", "period", "format", "destination"),
    schema="reporting",
    comment="Files of issued documents, one row per content that a file had; the last row of a uri is what it holds.",
)
