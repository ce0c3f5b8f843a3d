-- Opens what is new, and sees again what is open. What a person explained is not opened again, until it is another
-- difference than the one that was explained.
INSERT INTO reconciliation.findings AS f (
    period, account_id, charged_id, subscription_key, kind, difference, currency, facts, opened_at, last_seen_at
)
SELECT
    :period,
    c.account_id,
    c.charged_id,
    c.subscription_key,
    c.kind,
    c.difference,
    c.currency,
    c.facts,
    :at AS opened_at,
    :at AS last_seen_at
FROM current_findings AS c
WHERE
    NOT EXISTS (
        SELECT FROM reconciliation.findings AS e
        WHERE
            e.period = :period
            AND e.account_id = c.account_id
            AND e.charged_id = c.charged_id
            AND e.currency = c.currency
            AND e.closed_as = 'explanation'
            AND e.kind = c.kind
            AND e.difference = c.difference
    )
ORDER BY c.account_id, c.charged_id, c.currency
ON CONFLICT (period, account_id, charged_id, currency) WHERE closed_at IS NULL DO UPDATE
    SET
        kind = excluded.kind,
        difference = excluded.difference,
        facts = excluded.facts,
        last_seen_at = greatest(f.last_seen_at, excluded.last_seen_at)
