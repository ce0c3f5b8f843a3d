-- How many alarms of each kind there were, and how many of them are over.
SELECT
    kind,
    count(*) AS opened,
    count(closed_at) AS closed
FROM operations.alarms
GROUP BY kind
ORDER BY kind
