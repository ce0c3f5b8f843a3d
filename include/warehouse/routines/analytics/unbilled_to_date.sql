-- What a subscription has to be billed: the periods of its drafts and held bills, and all time after its last bill. A
-- void bill is the last word on its period.
CREATE VIEW analytics.unbilled_to_date AS
WITH billed AS (
    SELECT
        subscription_key,
        max(period_end) AS until_at
    FROM billing.bills
    WHERE document = 'bill'
    GROUP BY subscription_key
),

windows AS (
    SELECT
        s.subscription_key,
        coalesce(b.until_at, s.started_at) AS from_at,
        CAST('infinity' AS timestamptz) AS until_at,
        CAST(NULL AS bigint) AS bill_key
    FROM core.subscriptions AS s
    LEFT JOIN billed AS b ON s.subscription_key = b.subscription_key
    UNION ALL
    SELECT
        subscription_key,
        period_start AS from_at,
        period_end AS until_at,
        bill_key
    FROM billing.bills
    WHERE state IN ('draft', 'held') AND document = 'bill'
),

used AS (
    SELECT
        w.subscription_key,
        w.from_at,
        sum(h.aku_seconds) AS aku_seconds,
        max(h.hour_start) + interval '1 hour' AS metered_until
    FROM windows AS w
    INNER JOIN metering.subscription_hours AS h
        ON
            w.subscription_key = h.subscription_key
            AND w.from_at <= h.hour_start
            AND w.until_at > h.hour_start
    -- Said again, so that only the partitions from there on are opened.
    WHERE h.hour_start >= (SELECT min(earliest.from_at) FROM windows AS earliest)
    GROUP BY w.subscription_key, w.from_at
)

SELECT
    s.subscription_id,
    s.account_id AS customer,
    s.region,
    s.department,
    s.price_plan,
    w.from_at AS unbilled_from,
    u.metered_until,
    round(CAST(coalesce(u.aku_seconds, 0) AS numeric(38, 12)) / 3600, 6) AS aku_hours,
    b.bill_id,
    b.state,
    b.drafted_at,
    b.currency,
    b.total,
    b.forecast_total
FROM windows AS w
INNER JOIN core.subscriptions AS s ON w.subscription_key = s.subscription_key
LEFT JOIN used AS u ON w.subscription_key = u.subscription_key AND w.from_at = u.from_at
LEFT JOIN billing.bills AS b ON w.bill_key = b.bill_key
WHERE u.aku_seconds > 0 OR b.bill_key IS NOT NULL;

COMMENT ON VIEW analytics.unbilled_to_date IS
'What is metered and on no issued bill yet: a row for each draft or held bill, and one for the time after the last '
'bill of each subscription. Late usage of billed hours is not here: it waits in billing.late_usage.';
COMMENT ON COLUMN analytics.unbilled_to_date.subscription_id IS 'Subscription.';
COMMENT ON COLUMN analytics.unbilled_to_date.customer IS 'Cloud account that subscribed (aliUid).';
COMMENT ON COLUMN analytics.unbilled_to_date.region IS 'Cloud region of the environment.';
COMMENT ON COLUMN analytics.unbilled_to_date.department IS 'Business department; empty when the customer has only one.';
COMMENT ON COLUMN analytics.unbilled_to_date.price_plan IS 'The subscription''s own price plan.';
COMMENT ON COLUMN analytics.unbilled_to_date.unbilled_from IS 'Start of the unbilled time.';
COMMENT ON COLUMN analytics.unbilled_to_date.metered_until IS 'End of its last hour with usage; null without any.';
COMMENT ON COLUMN analytics.unbilled_to_date.aku_hours IS 'AKU-hours in it, to 6 places.';
COMMENT ON COLUMN analytics.unbilled_to_date.bill_id IS
'Draft or held bill of this time; null where there is none yet.';
COMMENT ON COLUMN analytics.unbilled_to_date.state IS 'draft or held; null where there is no bill yet.';
COMMENT ON COLUMN analytics.unbilled_to_date.drafted_at IS
'When that bill was drafted: what was metered since is not in its total.';
COMMENT ON COLUMN analytics.unbilled_to_date.currency IS 'ISO 4217 code; null where there is no bill yet.';
COMMENT ON COLUMN analytics.unbilled_to_date.total IS 'Total of that bill as drafted.';
COMMENT ON COLUMN analytics.unbilled_to_date.forecast_total IS 'For a running period: the total expected at its end.';
