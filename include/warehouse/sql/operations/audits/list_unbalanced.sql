-- Subscriptions and periods with hours whose usage and ledger do not add up, and what is wrong with these hours. Usage
-- without a record counts from the hour from which the ledger of one of its product's channels was kept.
WITH kept AS (
    SELECT
        i.product,
        min(p.entered_from) AS since
    FROM unnest(CAST(:products AS text[]), CAST(:channels AS text[])) AS i (product, channel)
    INNER JOIN marketplace.push_progress AS p ON i.channel = p.channel
    GROUP BY i.product
)

SELECT
    a.subscription_id,
    c.period,
    count(*) AS hour_count,
    min(a.hour_start) AS first_hour,
    sum(a.metered) AS metered,
    sum(a.metered - a.licensed - a.difference) AS recorded,
    count(*) FILTER (WHERE a.records = 0) AS lost_count,
    count(*) FILTER (WHERE a.records > 1) AS doubled_count,
    count(*) FILTER (WHERE a.records = 1) AS changed_count
FROM marketplace.agreement AS a
INNER JOIN core.subscriptions AS s ON a.subscription_key = s.subscription_key
INNER JOIN
    unnest(CAST(:periods AS text[]), CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
        AS c (period, starts, ends)
    ON a.hour_start >= c.starts AND a.hour_start < c.ends
LEFT JOIN kept AS k ON s.product = k.product
WHERE
    a.hour_start >= :since
    AND a.hour_start < :until
    AND a.difference <> 0
    AND (a.records > 0 OR a.hour_start >= k.since)
GROUP BY a.subscription_id, c.period
ORDER BY c.period, a.subscription_id
