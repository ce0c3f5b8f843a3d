-- What this closing did, in numbers.
SELECT
    (SELECT count(*) FROM closing_hours WHERE state = 'closed') AS closed,
    (SELECT count(*) FROM closing_hours WHERE state = 'provisional') AS provisional,
    (SELECT count(*) FROM closing_hours WHERE state = 'open') AS still_open,
    (SELECT count(*) FROM closing_usage) AS instance_hours,
    (SELECT count(*) FROM closing_gaps) AS gaps
