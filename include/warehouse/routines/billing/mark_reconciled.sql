-- An issued bill becomes reconciled once the Marketplace's final bill agrees with it to the cent, and stays so. The
-- event is written in the same statement.
CREATE FUNCTION billing.mark_reconciled(period text, who text, reason text, at timestamptz) RETURNS SETOF text
LANGUAGE sql SET search_path = pg_catalog AS $$
    WITH reconciled AS (
        UPDATE billing.bills AS b
        SET state = 'reconciled', reconciled_at = mark_reconciled.at
        FROM reconciliation.verdicts AS r
        WHERE
            r.period = mark_reconciled.period
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
        mark_reconciled.who,
        mark_reconciled.reason,
        mark_reconciled.at
    FROM reconciled
    ORDER BY bill_id
    RETURNING bill_id;
$$;
COMMENT ON FUNCTION billing.mark_reconciled IS 'Marks the bills of a period that were confirmed; their ids.';
