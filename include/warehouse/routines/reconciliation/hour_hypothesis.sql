-- The first of these that explains an hour's verdict, tried in this order; null where none does, or nothing is to be
-- explained. Differences are the Marketplace's minus ours, of this hour and of the hours before and after it; the other
-- amounts are what our hour would be by another measure, null where that is not known. A measure that gives our own
-- amount explains nothing.
CREATE FUNCTION reconciliation.hour_hypothesis(
    verdict text,
    currencies_differ boolean,
    our_amount numeric,
    marketplace_amount numeric,
    difference_before numeric,
    difference_after numeric,
    peak_amount numeric,
    started_hour_amount numeric,
    uncovered_amount numeric
) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
CASE
    WHEN verdict IN ('agrees', 'refund') THEN NULL
    WHEN currencies_differ THEN 'currency'
    WHEN
        peak_amount IS DISTINCT FROM our_amount
        AND abs(marketplace_amount - peak_amount) < reconciliation.rounding_limit(1)
        THEN 'peak_of_hour'
    WHEN
        started_hour_amount IS DISTINCT FROM our_amount
        AND abs(marketplace_amount - started_hour_amount) < reconciliation.rounding_limit(1)
        THEN 'started_hour'
    WHEN verdict = 'differs_by_rounding' THEN 'truncation'
    WHEN
        EXISTS (
            SELECT 1 FROM unnest(ARRAY[difference_before, difference_after]) AS beside (difference)
            WHERE
                abs(beside.difference) >= reconciliation.rounding_limit(1)
                AND abs(
                    coalesce(marketplace_amount, 0) - coalesce(our_amount, 0) + beside.difference
                ) < reconciliation.rounding_limit(2)
        )
        THEN 'moved_window'
    WHEN verdict = 'missing_there' THEN 'missed_window'
    WHEN our_amount <> 0 AND abs(marketplace_amount - 2 * our_amount) < reconciliation.rounding_limit(2)
        THEN 'doubled_window'
    WHEN abs(marketplace_amount - uncovered_amount) < reconciliation.rounding_limit(1) THEN 'licence_overage'
END;
COMMENT ON FUNCTION reconciliation.hour_hypothesis IS
'What explains the verdict on an hour: currency, peak_of_hour, started_hour, truncation, moved_window, missed_window,'
' doubled_window or licence_overage.';
