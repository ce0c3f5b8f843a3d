-- Every reading that was rejected, by whatever rule.
SELECT
    rule,
    facts,
    payload,
    rejected_at
FROM metering.rejections
WHERE source = 'reading'
ORDER BY rejected_at, natural_key
