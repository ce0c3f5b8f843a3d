-- A draft that some audit found something about is held; every other one is issued, and from then on never changes. Who
-- did it and why is written in the same statement. A bill that is held as it was before gets no further event: a person
-- is asked once about the same draft for the same reasons, and not again about one that was rejected.
WITH decided AS (
    UPDATE billing.bills AS b
    SET
        state = CASE WHEN f.bill_key IS NULL THEN 'issued' ELSE 'held' END,
        issued_at = CASE WHEN f.bill_key IS NULL THEN CAST(:at AS timestamptz) END
    FROM billing.period_bills(:period_start, :period_end, ARRAY['draft'], :subscriptions) AS d
    LEFT JOIN (
        SELECT
            bill_key,
            jsonb_agg(jsonb_build_object('finding', finding, 'facts', facts) ORDER BY finding) AS findings,
            bool_or(finding = 'is_not_rejected') AS is_rejected
        FROM billing.bill_findings
        GROUP BY bill_key
    ) AS f ON d.bill_key = f.bill_key
    WHERE
        b.bill_key = d.bill_key
    RETURNING b.bill_key, b.bill_id, b.state, b.fingerprint, f.findings, f.is_rejected
)

INSERT INTO billing.bill_events (bill_id, from_state, to_state, who, reason, findings, held_fingerprint, at)
SELECT
    d.bill_id,
    coalesce(last_event.to_state, 'draft') AS from_state,
    d.state AS to_state,
    :who,
    CASE d.state WHEN 'issued' THEN CAST(:reason AS text) END AS reason,
    d.findings,
    CASE d.state WHEN 'held' THEN d.fingerprint END AS held_fingerprint,
    :at
FROM decided AS d
LEFT JOIN LATERAL (
    SELECT e.to_state FROM billing.bill_events AS e
    WHERE e.bill_id = d.bill_id
    ORDER BY e.event_key DESC
    LIMIT 1
) AS last_event ON TRUE
LEFT JOIN LATERAL (
    SELECT
        e.held_fingerprint,
        e.findings
    FROM billing.bill_events AS e
    WHERE e.bill_id = d.bill_id AND e.held_fingerprint IS NOT NULL
    ORDER BY e.event_key DESC
    LIMIT 1
) AS last_hold ON d.state = 'held'
WHERE
    d.state = 'issued'
    OR last_event.to_state IS DISTINCT FROM 'held'
    OR (
        NOT d.is_rejected
        AND (last_hold.held_fingerprint, last_hold.findings) IS DISTINCT FROM (d.fingerprint, d.findings)
    )
ORDER BY d.bill_key
