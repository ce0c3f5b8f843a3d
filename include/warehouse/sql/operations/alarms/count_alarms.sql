-- Alarms that this run opened and closed, and those that are on.
SELECT
    count(*) FILTER (WHERE opened_at = :at) AS opened,
    count(*) FILTER (WHERE closed_at = :at) AS closed,
    count(*) FILTER (WHERE closed_at IS NULL) AS still_on
FROM operations.alarms
