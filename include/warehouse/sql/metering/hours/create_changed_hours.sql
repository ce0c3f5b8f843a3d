-- Hours of subscriptions whose usage this transaction changes; who changes it enters them here.
CREATE TEMPORARY TABLE changed_hours (
    subscription_key bigint NOT NULL,
    hour_start timestamptz NOT NULL
) ON COMMIT DROP
