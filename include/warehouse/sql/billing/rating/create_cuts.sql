-- Where the version or the discount in force may change, into segment_cuts of this transaction: at the start of the
-- period, where private offers start and end, and where a version follows another of a plan that may be in force.
CREATE TEMPORARY TABLE segment_cuts ON COMMIT DROP AS
WITH offers AS (
    SELECT
        o.subscription_key,
        o.effective_from,
        coalesce(o.effective_until, 'infinity') AS effective_until,
        p.plan_key
    FROM billable_subscriptions AS b
    CROSS JOIN
        LATERAL billing.offers_in(
            b.subscription_key, :period_start, :period_end, CAST(:known_at AS timestamptz)
        ) AS o
    LEFT JOIN billing.price_plans AS p ON o.price_plan = p.name
),

plans AS (
    SELECT
        subscription_key,
        plan_key
    FROM billable_subscriptions
    UNION
    SELECT
        subscription_key,
        plan_key
    FROM offers
)

SELECT
    subscription_key,
    CAST(:period_start AS timestamptz) AS cut_at
FROM billable_subscriptions
UNION
SELECT
    subscription_key,
    effective_from
FROM offers
WHERE effective_from > :period_start
UNION
SELECT
    subscription_key,
    effective_until
FROM offers
WHERE effective_until < :period_end
UNION
SELECT
    p.subscription_key,
    v.effective_from
FROM plans AS p
INNER JOIN rated_tiers AS v ON p.plan_key = v.plan_key AND v.tier = 1
WHERE v.effective_from > :period_start
