-- The last rejection of a draft, by its fingerprint, is what holds the very same draft: a finding like others, which a
-- person takes back by approving the bill or waiving that finding.
INSERT INTO billing.bill_findings (bill_key, finding, sentence, found_at)
SELECT
    b.bill_key,
    'is_not_rejected' AS finding,
    format(
        '%s rejected it as it is, at %s UTC: "%s" Correct what it is made of and close the period again, void it, or '
        'approve it after all.',
        e.who,
        to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24"h"MI'),
        regexp_replace(e.reason, '^Rejected: ', '')
    ) AS sentence,
    :at
FROM billing.bills AS b
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
WHERE
    b.period_start = :period_start
    AND b.period_end = :period_end
    AND b.document = 'bill'
    AND b.state IN ('draft', 'held')
ON CONFLICT (bill_key, finding) DO UPDATE SET sentence = excluded.sentence
