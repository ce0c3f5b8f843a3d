-- How many hours of each subscription were compared, and how many do not agree for which cause: the hypothesis that
-- fits, or else the verdict. What rounding does not explain of an hour, it does not explain of the month.
UPDATE compared_bills AS c
SET
    hours_compared = h.hours_compared,
    hours_apart = h.hours_apart,
    hour_causes = h.hour_causes
FROM (
    SELECT
        subscription_key,
        sum(hour_count) AS hours_compared,
        sum(apart_count) AS hours_apart,
        coalesce(jsonb_object_agg(cause, hour_count) FILTER (WHERE cause <> 'agrees'), '{}') AS hour_causes
    FROM (
        SELECT
            subscription_key,
            coalesce(hypothesis, verdict) AS cause,
            count(*) AS hour_count,
            count(*) FILTER (WHERE verdict NOT IN ('agrees', 'differs_by_rounding')) AS apart_count
        FROM compared_hours
        GROUP BY subscription_key, coalesce(hypothesis, verdict)
    ) AS causes
    GROUP BY subscription_key
) AS h
WHERE c.subscription_key = h.subscription_key
