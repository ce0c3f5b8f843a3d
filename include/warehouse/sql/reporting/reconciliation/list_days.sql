-- What the hours of each day of a period that do not agree come to, by currency, with how many have which cause: of one
-- subscription, or of all.
WITH days AS (
    SELECT d.*
    FROM reconciliation.day_differences(:period, :zone) AS d
    INNER JOIN core.subscriptions AS s ON d.subscription_key = s.subscription_key
    WHERE s.subscription_id = coalesce(cast(:subscription_id AS text), s.subscription_id)
),

causes AS (
    SELECT
        c.day,
        c.currency,
        jsonb_object_agg(c.cause, c.hours) AS causes
    FROM (
        SELECT
            d.day,
            d.currency,
            each.key AS cause,
            sum(CAST(each.value AS bigint)) AS hours
        FROM days AS d
        CROSS JOIN LATERAL jsonb_each_text(d.causes) AS each
        GROUP BY d.day, d.currency, each.key
    ) AS c
    GROUP BY c.day, c.currency
)

SELECT
    d.day,
    d.currency,
    sum(d.difference) AS difference,
    CAST(sum(d.hours) AS bigint) AS hours,
    count(*) AS subscription_count,
    c.causes
FROM days AS d
INNER JOIN causes AS c ON d.day = c.day AND d.currency = c.currency
GROUP BY d.day, d.currency, c.causes
ORDER BY d.currency, d.day
