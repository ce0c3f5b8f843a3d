INSERT INTO marketplace.event_decisions (event_key, decision_no, decision, decided_by, reason)
SELECT
    CAST(:event_key AS bigint) AS decided_event,
    count(*) + 1 AS decision_no,
    :decision AS what,
    :by AS decided_by,
    :reason AS why
FROM marketplace.event_decisions
WHERE event_key = :event_key
