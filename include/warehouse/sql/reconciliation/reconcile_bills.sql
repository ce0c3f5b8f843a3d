-- An issued bill becomes settled once the Marketplace's final bill agrees with it to the cent, and stays so; its story
-- says so in the same statement.
WITH settled AS (
    UPDATE billing.bills AS b
    SET state = 'settled', settled_at = :settled_at
    FROM settlement.reconciliations AS r
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
    'settled' AS to_state,
    :who,
    'The Marketplace''s final bill agrees with it.' AS reason,
    :settled_at
FROM settled
ORDER BY bill_id
RETURNING bill_id
