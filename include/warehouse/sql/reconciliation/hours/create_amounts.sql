CREATE TEMPORARY TABLE hour_amounts (
    is_ours boolean NOT NULL,
    subscription_id text NOT NULL,
    hour_start timestamptz NOT NULL,
    amount numeric NOT NULL,
    currency text NOT NULL,
    peak_amount numeric,
    started_hour_amount numeric,
    uncovered_amount numeric
) ON COMMIT DROP
