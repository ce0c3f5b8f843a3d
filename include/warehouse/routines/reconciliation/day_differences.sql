-- What the hours of a day that do not agree come to, by subscription, day of the zone and currency, and how many of
-- them have which cause: the hypothesis, or else the verdict. Hours in two currencies have no difference.
CREATE FUNCTION reconciliation.day_differences(of_period text, in_zone text) RETURNS TABLE (
    subscription_key bigint, day date, currency text, difference numeric, hours bigint, causes jsonb
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH counted AS (
        SELECT
            h.subscription_key,
            CAST(h.hour_start AT TIME ZONE day_differences.in_zone AS date) AS day,
            h.currency,
            coalesce(h.hypothesis, h.verdict) AS cause,
            coalesce(sum(h.difference), 0) AS difference,
            count(*) AS hours
        FROM reconciliation.hour_verdicts AS h
        WHERE h.period = day_differences.of_period
        GROUP BY 1, 2, 3, 4
    )

    SELECT
        c.subscription_key,
        c.day,
        c.currency,
        sum(c.difference),
        CAST(sum(c.hours) AS bigint),
        jsonb_object_agg(c.cause, c.hours)
    FROM counted AS c
    GROUP BY c.subscription_key, c.day, c.currency
$$;
COMMENT ON FUNCTION reconciliation.day_differences IS
'Hours of a period that do not agree, added up by subscription, day and currency, with how many have which cause.';
