-- How many hours of environments up to then are in which state.
SELECT
    state,
    count(*) AS hours
FROM metering.environment_hours
WHERE hour_start < :until
GROUP BY state
