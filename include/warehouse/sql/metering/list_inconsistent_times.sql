-- Readings whose size changed while their own time of change says otherwise.
SELECT
    sentence,
    payload,
    rejected_at AS observed_at
FROM metering.rejections
WHERE source = 'reading' AND rule = 'inconsistent_times'
ORDER BY rejected_at, natural_key
