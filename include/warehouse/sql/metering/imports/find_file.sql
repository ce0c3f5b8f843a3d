-- The import of a file, if its bytes were imported before, with its first rejections.
SELECT
    imports.*,
    array(
        SELECT rejections.sentence
        FROM metering.rejections
        WHERE rejections.import_key = imports.import_key
        ORDER BY rejections.row_number
        LIMIT 5
    ) AS first_reasons
FROM metering.imports
WHERE imports.file_sha256 = :file_sha256
