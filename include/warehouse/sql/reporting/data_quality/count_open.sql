-- How much of each kind is open, and since when the oldest of it is. Rejections are never closed: the newer ones count.
SELECT
    'gaps' AS kind,
    count(*) AS open_count,
    min(gap_start) AS oldest
FROM metering.gaps
WHERE state = 'open'
UNION ALL
SELECT
    'rejections' AS kind,
    count(*) AS open_count,
    min(rejected_at) AS oldest
FROM metering.rejections
WHERE rejected_at >= :rejected_since
UNION ALL
SELECT
    'imports' AS kind,
    count(*) AS open_count,
    min(imported_at) AS oldest
FROM metering.imports
WHERE rows_rejected > 0 AND imported_at >= :rejected_since
UNION ALL
SELECT
    'machines' AS kind,
    count(*) AS open_count,
    min(first_seen_at) AS oldest
FROM operations.machine_discrepancies
WHERE state = 'open'
UNION ALL
SELECT
    'alarms' AS kind,
    count(*) AS open_count,
    min(since) AS oldest
FROM operations.alarms
WHERE closed_at IS NULL
UNION ALL
SELECT
    'consoles' AS kind,
    count(*) AS open_count,
    min(f.failing_since) AS oldest
FROM metering.failing_consoles AS f
INNER JOIN core.environments AS e ON f.environment_key = e.environment_key
WHERE e.state = 'metered'
