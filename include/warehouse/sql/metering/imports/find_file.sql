-- The import of a file, if its bytes were imported before, with its first rejections.
SELECT
    imports.*,
    array(
        SELECT jsonb_build_object('rule', rejections.rule, 'facts', rejections.facts)
        FROM metering.rejections
        WHERE rejections.import_key = imports.import_key
        ORDER BY rejections.row_number
        LIMIT 5
    ) AS first_rejections
FROM metering.imports
WHERE imports.file_sha256 = :file_sha256
