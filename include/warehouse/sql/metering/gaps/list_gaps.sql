-- Gaps with the party that has to act on them. A null state lists all.
SELECT
    gaps.gap_key,
    environments.environment_id,
    subscriptions.subscription_id,
    instances.instance_id,
    gaps.gap_start,
    gaps.gap_end,
    gaps.cause,
    gaps.state,
    CASE gaps.state WHEN 'open' THEN metering.gap_owner(held.bill_id) END AS owned_by,
    held.bill_id AS holds_bill,
    gaps.opened_at,
    CAST(extract(EPOCH FROM CAST(:at AS timestamptz) - gaps.opened_at) AS bigint) AS age_seconds,
    subscriptions.contact,
    gaps.closed_at,
    gaps.closed_by,
    gaps.closed_reason
FROM metering.gaps
INNER JOIN core.environments ON gaps.environment_key = environments.environment_key
INNER JOIN core.subscriptions ON environments.subscription_key = subscriptions.subscription_key
LEFT JOIN metering.instances ON gaps.instance_key = instances.instance_key
CROSS JOIN
    LATERAL (
        SELECT billing.holding_bill(environments.subscription_key, gaps.gap_start, gaps.gap_end) AS bill_id
    ) AS held
WHERE
    (CAST(:state AS text) IS NULL OR gaps.state = :state)
    AND (CAST(:environment_id AS text) IS NULL OR environments.environment_id = :environment_id)
ORDER BY gaps.opened_at, gaps.gap_start, gaps.instance_key NULLS FIRST, gaps.gap_key
LIMIT :at_most
