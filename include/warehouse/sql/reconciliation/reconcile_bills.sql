-- An issued bill becomes reconciled once the Marketplace's final bill agrees with it to the cent, and stays so. The
-- event is written in the same statement.
WITH reconciled AS (
    UPDATE billing.bills AS b
    SET state = 'reconciled', reconciled_at = :reconciled_at
    FROM reconciliation.verdicts AS r
    WHERE
        r.period = :period
        AND r.bill_key = b.bill_key
        AND r.verdict = 'agrees'
        AND r.is_final
        AND b.state = 'issued'
    RETURNING b.bill_id
)

INSERT INTO billing.bill_events (bill_id, from_state, to_state, who, reason, at)
SELECT
    bill_id,
    'issued' AS from_state,
    'reconciled' AS to_state,
    :who,
    'The Marketplace''s final bill agrees with it.' AS reason,
    :reconciled_at
FROM reconciled
ORDER BY bill_id
RETURNING bill_id
