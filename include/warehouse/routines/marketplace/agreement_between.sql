-- Where the AKU-seconds of a stretch of time went, by what was added up: whole days as they are stored, and the hours
-- before the first and after the last of these as they are now. Of plain SQL, so that PostgreSQL puts it into the
-- statement that asks for one subscription or for all.
CREATE FUNCTION marketplace.agreement_between(since timestamptz, until timestamptz)
RETURNS TABLE (
    subscription_key bigint,
    metered bigint,
    licensed bigint,
    free bigint,
    accepted bigint,
    expected bigint,
    unknown bigint,
    missed bigint,
    refused bigint,
    waiting bigint,
    carried bigint,
    difference bigint,
    unrecorded bigint,
    ends timestamptz,
    added_at timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT
    d.subscription_key, d.metered, d.licensed, d.free, d.accepted, d.expected, d.unknown, d.missed, d.refused,
    d.waiting, d.carried, d.difference, d.unrecorded, d.day_start + interval '1 day', d.added_at
FROM marketplace.agreement_days AS d
WHERE d.day_start >= since AND d.day_start <= until - interval '1 day'
UNION ALL
SELECT
    h.subscription_key,
    CAST(h.metered AS bigint),
    CAST(h.licensed AS bigint),
    CAST(h.free AS bigint),
    CAST(h.accepted AS bigint),
    CAST(h.expected AS bigint),
    CAST(h.unknown AS bigint),
    CAST(h.missed AS bigint),
    CAST(h.refused AS bigint),
    CAST(h.waiting AS bigint),
    CAST(h.carried AS bigint),
    CAST(h.difference AS bigint),
    CAST(greatest(h.difference, 0) AS bigint),
    h.hour_start + interval '1 hour',
    NULL
FROM marketplace.agreement AS h
WHERE
    h.hour_start >= since
    AND h.hour_start < least(until, marketplace.day_of(since - interval '1 microsecond') + interval '1 day')
UNION ALL
SELECT
    h.subscription_key,
    CAST(h.metered AS bigint),
    CAST(h.licensed AS bigint),
    CAST(h.free AS bigint),
    CAST(h.accepted AS bigint),
    CAST(h.expected AS bigint),
    CAST(h.unknown AS bigint),
    CAST(h.missed AS bigint),
    CAST(h.refused AS bigint),
    CAST(h.waiting AS bigint),
    CAST(h.carried AS bigint),
    CAST(h.difference AS bigint),
    CAST(greatest(h.difference, 0) AS bigint),
    h.hour_start + interval '1 hour',
    NULL
FROM marketplace.agreement AS h
WHERE
    h.hour_start >= greatest(
        marketplace.day_of(until), marketplace.day_of(since - interval '1 microsecond') + interval '1 day'
    )
    AND h.hour_start < until
$$;
COMMENT ON FUNCTION marketplace.agreement_between IS
'Where the AKU-seconds of a stretch of time went, in rows to be summed, by subscription.';
