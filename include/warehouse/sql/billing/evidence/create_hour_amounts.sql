-- What each hour of a period costs, for reconciliation, into our_hours of this transaction.
CREATE TEMPORARY TABLE our_hours (
    subscription_key bigint NOT NULL,
    hour_start timestamptz NOT NULL,
    amount numeric NOT NULL,
    currency text NOT NULL,
    peak_amount numeric,
    started_hour_amount numeric,
    uncovered_amount numeric
) ON COMMIT DROP
