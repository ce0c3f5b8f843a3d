-- Keeps the rows that broke a rule by themselves.
INSERT INTO metering.rejections (
    source, natural_key, rule, sentence, payload, import_key, row_number, rejected_at
)
SELECT
    'import' AS source,
    format('import/%s/%s', CAST(:file_sha256 AS text), row_number) AS natural_key,
    rule,
    sentence,
    payload,
    CAST(:import_key AS bigint) AS import_key,
    row_number,
    CAST(:rejected_at AS timestamptz) AS rejected_at
FROM staged_rejections
