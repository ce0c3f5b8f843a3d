-- Published plans with how many subscriptions have them, and each version as its file had it.
SELECT
    p.name,
    p.currency,
    p.time_zone,
    (SELECT count(*) FROM core.subscriptions AS s WHERE s.price_plan = p.name AND s.ended_at IS NULL)
        AS subscription_count,
    (
        SELECT count(DISTINCT o.subscription_key) FROM billing.private_offers AS o
        WHERE
            o.price_plan = p.name
            AND o.effective_from <= :now
            AND coalesce(o.effective_until, CAST('infinity' AS timestamptz)) > :now
    ) AS offer_count,
    (
        SELECT jsonb_agg(v.source ORDER BY v.effective_from) FROM billing.price_plan_versions AS v
        WHERE v.plan_key = p.plan_key
    ) AS sources
FROM billing.price_plans AS p
ORDER BY p.name
