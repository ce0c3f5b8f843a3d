-- The hours that the file makes due, as one span for each environment.
SELECT
    who.environment_key,
    min(judged.hour_start) AS window_start,
    max(judged.hour_start) + interval '1 hour' AS window_end
FROM classified_rows AS judged
INNER JOIN staged_instances AS who ON judged.pair = who.pair
WHERE judged.is_metered AND judged.rule IS NULL
GROUP BY who.environment_key
ORDER BY who.environment_key
