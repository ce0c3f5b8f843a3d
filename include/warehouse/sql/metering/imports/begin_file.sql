-- Enters the file, or finds it again when it is imported again on purpose.
INSERT INTO metering.imports (
    file_sha256, file_name, format, rows_read, rows_loaded, rows_unchanged, rows_rejected, imported_at, imported_by
)
VALUES (:file_sha256, :file_name, :form, 0, 0, 0, 0, :imported_at, :imported_by)
ON CONFLICT (file_sha256) DO UPDATE SET file_name = excluded.file_name, imported_by = excluded.imported_by
RETURNING import_key
