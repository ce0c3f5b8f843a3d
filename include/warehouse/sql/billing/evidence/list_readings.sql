-- How the usage of an hour of an environment follows from readings: stretches of one size of each instance, with the
-- two answered polls that bound the interval and the rule (docs/concepts/metering.md) that chose the size. The same
-- rules as compute_usage.sql, for one hour and without its short cuts; whether they come to what was billed is said.
WITH environment AS (
    SELECT
        e.environment_key,
        date_trunc('second', s.metering_started_at) AS metered_from,
        date_trunc('second', s.ended_at) AS ended_at,
        (
            SELECT max(p.observed_at) FROM metering.polls AS p
            WHERE p.environment_key = e.environment_key AND p.ok AND p.observed_at <= :hour_start
        ) AS before_at,
        (
            SELECT min(p.observed_at) FROM metering.polls AS p
            WHERE p.environment_key = e.environment_key AND p.ok AND p.observed_at >= :hour_end
        ) AS after_at
    FROM core.environments AS e
    INNER JOIN core.subscriptions AS s ON e.subscription_key = s.subscription_key
    WHERE e.environment_key = :environment_key
),

polls AS (
    SELECT
        p.observed_at,
        row_number() OVER polled AS poll_number,
        e.metered_from,
        e.ended_at,
        e.before_at IS NULL AND row_number() OVER polled = 1 AS is_first,
        lag(p.observed_at, 1, CASE WHEN e.before_at IS NULL THEN e.metered_from END) OVER polled AS previous_at
    FROM environment AS e
    INNER JOIN metering.polls AS p ON e.environment_key = p.environment_key AND p.ok
    WHERE
        p.observed_at >= coalesce(e.before_at, :hour_start)
        AND p.observed_at <= coalesce(e.after_at, :hour_end)
    WINDOW polled AS (ORDER BY p.observed_at)
),

sightings AS (
    SELECT
        p.*,
        r.instance_key,
        r.state,
        r.is_rejected,
        coalesce(
            CASE
                WHEN r.is_rejected
                    THEN metering.known_aku(r.environment_key, r.instance_key, r.observed_at, :billable_states)
            END,
            CASE WHEN r.state = any(:billable_states) THEN r.aku ELSE 0 END
        ) AS aku,
        r.instance_created_at AS created_at,
        r.instance_modified_at AS modified_at
    FROM polls AS p
    INNER JOIN metering.readings AS r
        ON r.environment_key = :environment_key AND p.observed_at = r.observed_at
),

chained AS (
    SELECT
        *,
        coalesce(lag(poll_number) OVER life = poll_number - 1, FALSE) AS was_listed,
        lag(aku) OVER life AS earlier_aku,
        coalesce(lag(is_rejected) OVER life, FALSE) AS was_rejected,
        coalesce(least(observed_at, ended_at) - previous_at > CAST(:tolerance AS interval), FALSE) AS is_long
    FROM sightings
    WINDOW life AS (PARTITION BY instance_key ORDER BY observed_at)
),

ruled AS (
    SELECT
        instance_key,
        metered_from,
        ended_at,
        previous_at AS from_at,
        observed_at AS to_at,
        CAST(observed_at AS timestamptz) AS to_poll,
        CASE WHEN NOT is_first THEN previous_at END AS from_poll,
        -- The size before is then as little known as in a silence.
        is_long OR was_listed AND was_rejected AND modified_at > previous_at AS is_long,
        -- After a rejected reading, what was not modified since then had its size already.
        CASE
            WHEN was_listed AND was_rejected AND modified_at <= previous_at THEN aku
            WHEN was_listed THEN earlier_aku
            ELSE 0
        END AS earlier_aku,
        aku,
        created_at,
        modified_at,
        CASE
            WHEN is_rejected THEN 'rejected'
            WHEN was_listed AND (earlier_aku = aku OR was_rejected) AND modified_at <= previous_at THEN 'steady'
            WHEN was_listed AND earlier_aku = aku THEN 'touched'
            WHEN was_listed AND modified_at > previous_at AND modified_at <= observed_at THEN 'changed'
            WHEN was_listed THEN 'inconsistent'
            WHEN is_first THEN 'first'
            ELSE 'appeared'
        END AS rule
    FROM chained
    WHERE previous_at IS NOT NULL
    UNION ALL
    -- No poll came after: the last answer was carried on; within the tolerance of the subscription's end it holds.
    SELECT
        s.instance_key,
        s.metered_from,
        s.ended_at,
        s.observed_at AS from_at,
        least(:hour_end, s.ended_at) AS to_at,
        CAST(NULL AS timestamptz) AS to_poll,
        s.observed_at AS from_poll,
        coalesce(s.ended_at - s.observed_at > CAST(:tolerance AS interval), TRUE) AS is_long,
        s.aku AS earlier_aku,
        s.aku,
        s.created_at,
        s.modified_at,
        CASE WHEN s.ended_at - s.observed_at <= CAST(:tolerance AS interval) THEN 'held' ELSE 'carried' END AS rule
    FROM sightings AS s
    INNER JOIN environment AS e ON e.after_at IS NULL
    WHERE s.observed_at = (SELECT max(p.observed_at) FROM polls AS p) AND s.aku > 0
),

judged AS (
    SELECT
        *,
        CASE
            WHEN rule = 'changed' THEN modified_at
            WHEN rule = 'appeared' THEN greatest(created_at, modified_at, from_at)
            WHEN rule = 'first' THEN greatest(created_at, modified_at, metered_from)
            ELSE to_at
        END AS split_at,
        CASE
            WHEN rule IN ('appeared', 'first') THEN 0
            WHEN rule = 'inconsistent' OR rule = 'changed' AND is_long THEN least(earlier_aku, aku)
            ELSE earlier_aku
        END AS aku_before,
        CASE
            WHEN
                rule IN ('inconsistent', 'carried', 'rejected') OR rule IN ('touched', 'changed') AND is_long
                THEN 'assumed'
            WHEN rule = 'steady' AND is_long THEN 'proved'
            WHEN rule = 'first' AND created_at < modified_at THEN 'not known'
            ELSE 'measured'
        END AS known_before,
        CASE WHEN rule = 'first' OR rule = 'changed' AND is_long THEN 'proved' ELSE 'measured' END AS known_after
    FROM ruled
),

stretches AS (
    SELECT
        j.*,
        s.aku AS stretch_aku,
        s.known,
        greatest(s.start_at, j.metered_from, :hour_start) AS start_at,
        least(s.end_at, :hour_end, j.ended_at) AS end_at
    FROM judged AS j
    CROSS JOIN LATERAL (
        VALUES
        (j.from_at, least(j.split_at, j.to_at), j.aku_before, j.known_before),
        (greatest(j.split_at, j.from_at), j.to_at, j.aku, j.known_after)
    ) AS s (start_at, end_at, aku, known)
)

SELECT
    s.instance_key,
    i.instance_id,
    s.start_at,
    s.end_at,
    s.stretch_aku AS aku,
    s.known,
    s.rule,
    s.from_poll,
    s.to_poll,
    s.modified_at,
    CAST(s.stretch_aku * extract(EPOCH FROM s.end_at - s.start_at) AS bigint) AS aku_seconds
FROM stretches AS s
INNER JOIN core.instances AS i ON s.instance_key = i.instance_key
WHERE s.start_at < s.end_at AND (s.stretch_aku > 0 OR s.known IN ('assumed', 'not known'))
ORDER BY i.instance_id, s.start_at
