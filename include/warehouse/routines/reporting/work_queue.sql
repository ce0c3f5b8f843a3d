-- Everything that waits for a person at an instant, from every room, in one form. What repeats is one row: the open
-- gaps of an environment, the records of a subscription with the same outcome, the rejections of one rule.
--
-- What was rejected, missed or refused has no end of its own, so it is here from `recent_from` on; a record that waits
-- is late when its hour ended before `late_before`.
CREATE FUNCTION reporting.work_queue(recent_from timestamptz, late_before timestamptz) RETURNS TABLE (
    kind text,
    cause text,
    since timestamptz,
    subscription_key bigint,
    account_id text,
    owner text,
    amount numeric,
    currency text,
    facts jsonb
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT
        'held_bill', NULL, h.at, b.subscription_key, NULL, 'billing', b.total, b.currency,
        jsonb_build_object(
            'bill_id', b.bill_id,
            'period', b.period,
            'findings', (SELECT jsonb_agg(f.finding ORDER BY f.finding) FROM billing.bill_findings AS f
                         WHERE f.bill_key = b.bill_key)
        )
    FROM billing.bills AS b
    LEFT JOIN LATERAL (
        SELECT max(e.at) AS at FROM billing.bill_events AS e WHERE e.bill_id = b.bill_id AND e.to_state = 'held'
    ) AS h ON TRUE
    WHERE b.state = 'held'

    UNION ALL
    SELECT
        'gap', min(g.cause), min(g.gap_start), e.subscription_key, NULL,
        metering.gap_owner(min(billing.holding_bill(e.subscription_key, g.gap_start, g.gap_end))),
        NULL, NULL,
        jsonb_build_object(
            'environment_id', e.environment_id,
            'gap_count', count(*),
            'gap_seconds', CAST(sum(extract(EPOCH FROM g.gap_end - g.gap_start)) AS bigint),
            'last_end', max(g.gap_end)
        )
    FROM metering.gaps AS g
    INNER JOIN core.environments AS e ON g.environment_key = e.environment_key
    WHERE g.state = 'open'
    GROUP BY e.environment_key

    UNION ALL
    SELECT
        'push', o.became, min(o.hour_start), o.subscription_key, NULL, 'operations', sum(p.amount), p.currency,
        jsonb_build_object(
            'record_count', count(*),
            'aku_seconds', sum(o.units * o.unit_seconds),
            'channel', o.channel,
            'last_hour', max(o.hour_start),
            'cut_off', min(o.cut_off)
        )
    FROM (
        SELECT r.*, r.outcome AS became FROM marketplace.push_records AS r
        WHERE marketplace.is_open_point(r.outcome, r.reason) AND r.decided_at >= work_queue.recent_from
        UNION ALL
        SELECT r.*, 'late' AS became FROM marketplace.push_records AS r
        WHERE r.outcome = 'pending' AND r.window_end <= work_queue.late_before
    ) AS o
    INNER JOIN marketplace.priced_records AS p ON o.record_key = p.record_key
    GROUP BY o.subscription_key, o.channel, o.became, p.currency

    UNION ALL
    SELECT
        'difference', f.kind, f.opened_at, f.subscription_key, f.account_id, NULL, abs(f.difference), f.currency,
        f.facts || jsonb_build_object('finding_key', f.finding_key, 'period', f.period)
    FROM reconciliation.findings AS f
    WHERE f.closed_at IS NULL

    UNION ALL
    SELECT
        'bill_not_fetched', NULL, f.attempted_at, NULL, f.account_id, 'operations', NULL, NULL,
        jsonb_build_object('failure', f.failure, 'period', f.billing_cycle)
    FROM reconciliation.marketplace_fetches AS f
    WHERE f.failure IS NOT NULL

    UNION ALL
    SELECT
        'parked_event', i.reason, i.received_at, s.subscription_key, NULL, 'operations', NULL, NULL,
        i.facts || jsonb_build_object('event_key', i.event_key)
    FROM marketplace.inbox AS i
    LEFT JOIN core.subscriptions AS s ON i.instance_id = s.marketplace_instance_id AND i.instance_id <> ''
    WHERE i.state = 'parked'

    UNION ALL
    SELECT
        'marketplace_state', f.kind, f.opened_at, s.subscription_key, NULL, 'operations', NULL, NULL, f.facts
    FROM marketplace.findings AS f
    LEFT JOIN core.subscriptions AS s ON f.order_id = s.order_id
    WHERE f.resolved_at IS NULL

    UNION ALL
    SELECT
        'rejection', r.rule, min(r.rejected_at), e.subscription_key, NULL,
        metering.rejection_owner(r.source), NULL, NULL,
        jsonb_build_object('piece_count', count(*), 'source', r.source, 'last_at', max(r.rejected_at))
    FROM metering.rejections AS r
    LEFT JOIN core.environments AS e ON r.environment_key = e.environment_key
    WHERE r.rejected_at >= work_queue.recent_from
    GROUP BY r.source, r.rule, e.subscription_key

    UNION ALL
    SELECT
        'machines', d.kind, d.first_seen_at, e.subscription_key, d.account_id, 'operations', NULL, NULL,
        jsonb_build_object(
            'account_id', d.account_id, 'region', d.region, 'environment_id', d.environment_id,
            'instance_id', d.instance_id, 'machines', d.machines, 'machine_hours', d.machine_hours
        )
    FROM operations.machine_discrepancies AS d
    LEFT JOIN core.environments AS e ON d.environment_key = e.environment_key
    WHERE d.state = 'open'

    UNION ALL
    SELECT 'alarm', a.kind, a.since, e.subscription_key, NULL, 'operations', NULL, NULL, a.facts
    FROM operations.alarms AS a
    INNER JOIN core.environments AS e ON a.environment_key = e.environment_key
    WHERE a.closed_at IS NULL

    UNION ALL
    SELECT
        'onboarding', NULL, s.requested_at, s.subscription_key, NULL, 'operations', NULL, NULL,
        jsonb_build_object('state_reason', s.state_reason)
    FROM core.subscriptions AS s
    WHERE s.state = 'failed'
$$;
COMMENT ON FUNCTION reporting.work_queue IS
'Everything that waits for a person: what, since when, whose it is, what it is worth, and the facts of its sentence. '
'Differences name no owner: their kind does.';
