-- What became of each instance's rows that held by themselves, and the hours that it is known to have been there.
UPDATE staged_instances AS staged
SET
    rejected = counted.rejected,
    billed = counted.billed,
    unchanged = counted.unchanged,
    inserted = counted.inserted,
    replaced = counted.replaced,
    metered = counted.metered,
    estimated = counted.estimated,
    first_hour = counted.first_hour,
    last_hour = counted.last_hour
FROM (
    SELECT
        pair,
        count(*) FILTER (WHERE rule IS NOT NULL) AS rejected,
        count(*) FILTER (WHERE rule IS NULL AND is_billed) AS billed,
        count(*) FILTER (WHERE rule IS NULL AND NOT is_billed AND NOT is_estimate AND is_known) AS unchanged,
        count(*) FILTER (WHERE rule IS NULL AND NOT is_billed AND known_aku_seconds IS NULL) AS inserted,
        count(*) FILTER (WHERE rule IS NULL AND NOT is_billed AND NOT is_estimate AND NOT is_known) AS replaced,
        count(*) FILTER (WHERE is_metered) AS metered,
        count(*) FILTER (WHERE rule IS NULL AND is_estimate) AS estimated,
        min(hour_start) FILTER (WHERE rule IS NULL) AS first_hour,
        max(hour_start) FILTER (WHERE rule IS NULL) AS last_hour
    FROM classified_rows
    GROUP BY pair
) AS counted
WHERE counted.pair = staged.pair
