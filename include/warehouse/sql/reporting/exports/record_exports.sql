-- Enters a file that was written; the same content at the same place again only says when.
INSERT INTO reporting.exports (
    period, bill_key, format, language, destination, uri, sha256, size_bytes, document_count, exported_at
)
VALUES (
    :period,
    (SELECT b.bill_key FROM billing.bills AS b WHERE b.bill_id = CAST(:bill_id AS text)),
    :format,
    CAST(:language AS text),
    :destination,
    :uri,
    :sha256,
    :size_bytes,
    :document_count,
    :exported_at
)
ON CONFLICT (uri, sha256) DO UPDATE SET
    destination = excluded.destination,
    exported_at = greatest(exports.exported_at, excluded.exported_at)
