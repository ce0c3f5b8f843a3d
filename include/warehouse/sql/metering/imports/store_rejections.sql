-- Keeps the first rows of a file that broke a rule; how many there were is counted in metering.imports.
INSERT INTO metering.rejections (
    source, natural_key, rule, facts, payload, import_key, row_number, rejected_at
)
SELECT
    'import' AS source,
    format('import/%s/%s', CAST(:file_sha256 AS text), row_number) AS natural_key,
    rule,
    facts,
    payload,
    CAST(:import_key AS bigint) AS import_key,
    row_number,
    CAST(:rejected_at AS timestamptz) AS rejected_at
FROM staged_rejections
ORDER BY row_number
LIMIT :most_rejections
