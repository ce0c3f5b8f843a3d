-- Nothing where the same bytes were imported before.
INSERT INTO reconciliation.settlement_files (file_sha256, file_name, items, rejected, imported_at, imported_by)
VALUES (:file_sha256, :file_name, :items, :rejected, :imported_at, :imported_by)
ON CONFLICT (file_sha256) DO NOTHING
RETURNING file_key
