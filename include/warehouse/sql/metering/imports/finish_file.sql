-- What became of the file's rows.
UPDATE metering.imports
SET
    rows_read = :rows_read,
    rows_loaded = :rows_loaded,
    rows_changed = :rows_changed,
    rows_unchanged = :rows_unchanged,
    rows_late = :rows_late,
    late_for_bills = :late_for_bills,
    rows_rejected = :rows_rejected
WHERE import_key = :import_key
