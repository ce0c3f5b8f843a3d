-- When the polls that an hour was made of were dropped after their retention; no row where they were not.
SELECT max(dropped_at) AS dropped_at
FROM metering.dropped_months
WHERE closable_from > :hour_start AND month_start < :hour_end
HAVING count(*) > 0
