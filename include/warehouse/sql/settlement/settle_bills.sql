-- An issued bill becomes settled once the Marketplace's final bill agrees with it to the cent, and stays so.
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
