-- One word on the health of each subscription, the worst that is true of it, and what is behind it. Whether a console
-- is silent is what the alarms found at their last run.
CREATE VIEW reporting.subscription_health AS
SELECT
    s.subscription_key,
    CASE
        WHEN s.ended_at IS NOT NULL OR s.state = 'released' THEN 'ended'
        WHEN s.state = 'failed' THEN 'onboarding_failed'
        WHEN s.state <> 'active' THEN 'onboarding'
        WHEN z.frozen_from IS NOT NULL THEN 'frozen'
        WHEN a.since IS NOT NULL THEN 'silent'
        WHEN c.failing_since IS NOT NULL THEN 'failing'
        WHEN g.gap_count > 0 OR b.bill_id IS NOT NULL OR f.finding_count > 0 THEN 'needs_a_person'
        ELSE 'healthy'
    END AS health,
    coalesce(s.state_reason, '') AS state_reason,
    z.frozen_from,
    a.since AS silent_since,
    c.failing_since,
    c.cause AS failure_cause,
    coalesce(g.gap_count, 0) AS gap_count,
    b.bill_id AS held_bill_id,
    coalesce(f.finding_count, 0) AS finding_count
FROM core.subscriptions AS s
LEFT JOIN core.environments AS e ON s.subscription_key = e.subscription_key
LEFT JOIN core.freezes AS z ON s.subscription_key = z.subscription_key AND z.frozen_until IS NULL
LEFT JOIN
    operations.alarms AS a
    ON e.environment_key = a.environment_key AND a.kind = 'silent' AND a.closed_at IS NULL
LEFT JOIN metering.failing_consoles AS c ON e.environment_key = c.environment_key
LEFT JOIN (
    SELECT
        environment_key,
        count(*) AS gap_count
    FROM metering.gaps
    WHERE state = 'open'
    GROUP BY environment_key
) AS g ON e.environment_key = g.environment_key
LEFT JOIN (
    SELECT
        subscription_key,
        min(bill_id) AS bill_id
    FROM billing.bills
    WHERE state = 'held'
    GROUP BY subscription_key
) AS b ON s.subscription_key = b.subscription_key
LEFT JOIN (
    SELECT
        subscription_key,
        count(*) AS finding_count
    FROM reconciliation.findings
    WHERE closed_at IS NULL
    GROUP BY subscription_key
) AS f ON s.subscription_key = f.subscription_key;
COMMENT ON VIEW reporting.subscription_health IS
'The worst that is true of each subscription now, and what is behind it.';
COMMENT ON COLUMN reporting.subscription_health.subscription_key IS 'Subscription.';
COMMENT ON COLUMN reporting.subscription_health.health IS
'ended, onboarding_failed, onboarding, frozen, silent, failing, needs_a_person or healthy.';
COMMENT ON COLUMN reporting.subscription_health.state_reason IS 'Why the subscription is in its state; may be empty.';
COMMENT ON COLUMN reporting.subscription_health.frozen_from IS 'Since when it is frozen; null when it is not.';
COMMENT ON COLUMN reporting.subscription_health.silent_since IS 'Last answer of a console that is silent; else null.';
COMMENT ON COLUMN reporting.subscription_health.failing_since IS 'First of its failed polls in a row; else null.';
COMMENT ON COLUMN reporting.subscription_health.failure_cause IS 'Cause of the last of them.';
COMMENT ON COLUMN reporting.subscription_health.gap_count IS 'Its open gaps.';
COMMENT ON COLUMN reporting.subscription_health.held_bill_id IS 'Its first held bill; null without one.';
COMMENT ON COLUMN reporting.subscription_health.finding_count IS 'Its open differences to the Marketplace.';
