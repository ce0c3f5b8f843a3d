-- Adds up a day of these subscriptions; one without usage and records has no row.
WITH sums AS MATERIALIZED (
    SELECT
        subscription_key,
        sum(metered) AS metered,
        sum(licensed) AS licensed,
        sum(free) AS free,
        sum(accepted) AS accepted,
        sum(expected) AS expected,
        sum(unknown) AS unknown,
        sum(missed) AS missed,
        sum(refused) AS refused,
        sum(waiting) AS waiting,
        sum(carried) AS carried,
        sum(difference) AS difference,
        sum(greatest(difference, 0)) AS unrecorded
    FROM marketplace.agreement
    WHERE
        subscription_key = any(CAST(:subscription_keys AS bigint[]))
        AND hour_start >= :day_start
        AND hour_start < :day_end
    GROUP BY subscription_key
),

emptied AS (
    DELETE FROM marketplace.agreement_days AS kept
    WHERE
        kept.day_start = :day_start
        AND kept.subscription_key = any(CAST(:subscription_keys AS bigint[]))
        AND NOT EXISTS (SELECT FROM sums WHERE sums.subscription_key = kept.subscription_key)
)

INSERT INTO marketplace.agreement_days (
    day_start, subscription_key, metered, licensed, free, accepted, expected, unknown, missed, refused, waiting,
    carried, difference, unrecorded, added_at
)
SELECT
    :day_start,
    subscription_key,
    metered,
    licensed,
    free,
    accepted,
    expected,
    unknown,
    missed,
    refused,
    waiting,
    carried,
    difference,
    unrecorded,
    :at
FROM sums
ON CONFLICT (day_start, subscription_key) DO UPDATE SET
    metered = excluded.metered,
    licensed = excluded.licensed,
    free = excluded.free,
    accepted = excluded.accepted,
    expected = excluded.expected,
    unknown = excluded.unknown,
    missed = excluded.missed,
    refused = excluded.refused,
    waiting = excluded.waiting,
    carried = excluded.carried,
    difference = excluded.difference,
    unrecorded = excluded.unrecorded,
    added_at = excluded.added_at
