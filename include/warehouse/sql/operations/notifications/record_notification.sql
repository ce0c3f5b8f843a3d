-- How telling went.
UPDATE metering.notices
SET
    told_at = CASE WHEN CAST(:failure AS text) IS NULL THEN CAST(:at AS timestamptz) END,
    failure = :failure
WHERE notice_key = any(CAST(:keys AS text[]))
