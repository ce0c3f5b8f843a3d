-- The last rejection of a draft, by its fingerprint, is what holds the very same draft: a finding like others, which a
-- person takes back by approving the bill or waiving that finding.
INSERT INTO billing.bill_findings (bill_key, finding, facts, found_at)
SELECT
    b.bill_key,
    'is_not_rejected' AS finding,
    jsonb_build_object('rejected_by', e.who, 'rejected_at', e.at, 'reason', e.reason) AS facts,
    :at
FROM billing.period_bills(:period_start, :period_end, ARRAY['draft', 'held'], :subscriptions) AS b
INNER JOIN LATERAL (
    SELECT
        rejection.who,
        rejection.at,
        rejection.reason
    FROM billing.bill_events AS rejection
    WHERE rejection.bill_id = b.bill_id AND rejection.rejected_fingerprint = b.fingerprint
    ORDER BY rejection.event_key DESC
    LIMIT 1
) AS e ON TRUE
ON CONFLICT (bill_key, finding) DO UPDATE SET facts = excluded.facts
