-- Open findings of the period that are over: by a correction where our own bill still differs, and else because the
-- Marketplace's final bill and ours agree.
UPDATE reconciliation.findings AS f
SET
    closed_at = greatest(:at, f.opened_at),
    closed_by = :by,
    closed_as = CASE
        WHEN
            EXISTS (
                SELECT FROM reconciliation.verdicts AS r
                WHERE
                    r.subscription_key = f.subscription_key
                    AND r.period = f.period
                    AND r.verdict NOT IN ('agrees', 'differs_by_rounding')
            )
            THEN 'correction'
        ELSE 'final_bill'
    END
WHERE
    f.period = :period
    AND f.closed_at IS NULL
    AND NOT EXISTS (
        SELECT FROM current_findings AS c
        WHERE c.account_id = f.account_id AND c.charged_id = f.charged_id AND c.currency = f.currency
    )
