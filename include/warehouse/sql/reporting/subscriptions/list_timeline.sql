-- What happened to a subscription, the newest first: onboarding, events of the Marketplace, instances, licences,
-- freezes, offers, bills and corrections. What each kind says is composed from its facts.
WITH happened AS (
    SELECT
        'requested' AS kind,
        requested_at AS at,
        jsonb_build_object('price_plan', price_plan) AS facts
    FROM core.subscriptions
    WHERE subscription_key = :subscription_key

    UNION ALL
    SELECT
        'step' AS kind,
        recorded_at AS at,
        jsonb_build_object('step', step, 'outcome', outcome, 'detail', detail, 'attempt', attempt) AS facts
    FROM core.onboarding_steps
    WHERE subscription_key = :subscription_key

    UNION ALL
    SELECT
        'metered' AS kind,
        metering_started_at AS at,
        CAST('{}' AS jsonb) AS facts
    FROM core.subscriptions
    WHERE subscription_key = :subscription_key AND metering_started_at IS NOT NULL

    UNION ALL
    SELECT
        'ended' AS kind,
        ended_at AS at,
        CAST('{}' AS jsonb) AS facts
    FROM core.subscriptions
    WHERE subscription_key = :subscription_key AND ended_at IS NOT NULL

    UNION ALL
    SELECT
        'event' AS kind,
        i.received_at AS at,
        jsonb_build_object('action', i.action, 'state', i.state, 'event_key', i.event_key) AS facts
    FROM marketplace.inbox AS i
    INNER JOIN core.subscriptions AS s ON i.instance_id = s.marketplace_instance_id
    WHERE s.subscription_key = :subscription_key AND i.state <> 'repeated'

    UNION ALL
    SELECT
        'instance' AS kind,
        first_seen_at AS at,
        jsonb_build_object('instance_id', instance_id, 'name', coalesce(name, instance_id)) AS facts
    FROM metering.instances
    WHERE subscription_key = :subscription_key

    UNION ALL
    SELECT
        'licence' AS kind,
        term_start AS at,
        jsonb_build_object(
            'capacity_aku', capacity_aku,
            'term_months', term_months,
            'term_end', term_end
        ) AS facts
    FROM core.licences
    WHERE subscription_key = :subscription_key

    UNION ALL
    SELECT
        'frozen' AS kind,
        frozen_from AS at,
        CAST('{}' AS jsonb) AS facts
    FROM core.freezes
    WHERE subscription_key = :subscription_key

    UNION ALL
    SELECT
        'resumed' AS kind,
        frozen_until AS at,
        CAST('{}' AS jsonb) AS facts
    FROM core.freezes
    WHERE subscription_key = :subscription_key AND frozen_until IS NOT NULL

    UNION ALL
    SELECT
        'offer' AS kind,
        entered_at AS at,
        jsonb_build_object(
            'effective_from', effective_from,
            'price_plan', price_plan,
            'discount_percent', CAST(discount_percent AS text),
            'entered_by', entered_by,
            'reason', reason
        ) AS facts
    FROM billing.private_offers
    WHERE subscription_key = :subscription_key

    UNION ALL
    SELECT
        'bill' AS kind,
        b.issued_at AS at,
        jsonb_build_object(
            'bill_id', b.bill_id,
            'document', b.document,
            'period', b.period,
            'total', CAST(b.total AS text),
            'currency', b.currency
        ) AS facts
    FROM billing.bills AS b
    WHERE b.subscription_key = :subscription_key AND b.issued_at IS NOT NULL

    UNION ALL
    SELECT
        'correction' AS kind,
        c.requested_at AS at,
        jsonb_build_object(
            'cause', c.cause,
            'reason', c.reason,
            'requested_by', c.requested_by,
            'state', c.state,
            'bill_id', b.bill_id
        ) AS facts
    FROM billing.corrections AS c
    INNER JOIN billing.bills AS b ON c.bill_key = b.bill_key
    WHERE b.subscription_key = :subscription_key
)

SELECT
    kind,
    at,
    facts
FROM happened
ORDER BY at DESC, kind ASC
LIMIT :at_most
