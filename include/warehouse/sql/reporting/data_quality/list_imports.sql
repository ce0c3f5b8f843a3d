-- One page of imported files, the newest first: those with rejected rows of the last days before the others.
SELECT
    m.file_name,
    m.format,
    m.rows_read,
    m.rows_loaded,
    m.rows_changed,
    m.rows_unchanged,
    m.rows_late,
    m.late_for_bills,
    m.rows_rejected,
    m.imported_at,
    m.imported_by,
    m.rows_rejected > 0 AND m.imported_at >= :rejected_since AS is_open,
    count(*) OVER () AS match_count
FROM metering.imports AS m
WHERE
    CAST(:search AS text) IS NULL
    OR position(lower(:search) IN lower(concat_ws(' ', m.file_name, m.imported_by, m.file_sha256))) > 0
ORDER BY is_open DESC, m.imported_at DESC, m.import_key ASC
LIMIT :page_size OFFSET :skipped
