-- Held bills that are another now than when a person was asked about them, because a correction went to another
-- document: they are held again, and asked about again.
INSERT INTO billing.bill_events (bill_id, from_state, to_state, who, findings, held_fingerprint, at)
SELECT
    b.bill_id,
    'held' AS from_state,
    'held' AS to_state,
    :who,
    (
        SELECT jsonb_agg(jsonb_build_object('finding', f.finding, 'facts', f.facts) ORDER BY f.finding)
        FROM billing.bill_findings AS f
        WHERE f.bill_key = b.bill_key
    ) AS findings,
    b.fingerprint AS held_fingerprint,
    :at
FROM billing.bills AS b
INNER JOIN LATERAL (
    SELECT e.held_fingerprint FROM billing.bill_events AS e
    WHERE e.bill_id = b.bill_id AND e.held_fingerprint IS NOT NULL
    ORDER BY e.event_key DESC
    LIMIT 1
) AS last_hold ON TRUE
WHERE b.state = 'held' AND b.fingerprint <> last_hold.held_fingerprint
