-- An interval between two answered polls, of one instance: the rule that it falls under, and what it comes to by it.
-- Closing and explaining both ask this.
CREATE FUNCTION metering.judged_interval(
    was_listed boolean,
    was_rejected boolean,
    earlier_aku integer,
    is_first boolean,
    is_long boolean,
    is_rejected boolean,
    aku integer,
    created_at timestamptz,
    modified_at timestamptz,
    from_at timestamptz,
    to_at timestamptz,
    metered_from timestamptz,
    ended_at timestamptz
) RETURNS TABLE (
    rule text,
    split_at timestamptz,
    aku_before integer,
    known_before text,
    aku_after integer,
    known_after text,
    gap_start timestamptz,
    gap_end timestamptz,
    gap_cause text
) LANGUAGE sql IMMUTABLE AS $$
    SELECT
        ruled.rule,
        measured.*
    FROM (
        SELECT
            metering.interval_rule(
                was_listed, was_rejected, earlier_aku, is_first, is_rejected, aku, modified_at, from_at, to_at
            ) AS rule,
            metering.interval_is_silent(is_long, was_listed, was_rejected, modified_at, from_at) AS is_silent,
            metering.interval_earlier_aku(was_listed, was_rejected, earlier_aku, aku, modified_at, from_at) AS size
        -- OFFSET 0 lets the rule be found once, and not for each of what it says.
        OFFSET 0
    ) AS ruled
    CROSS JOIN
        LATERAL metering.measured_interval(
            ruled.rule, ruled.is_silent, from_at, to_at, metered_from, ended_at, ruled.size, aku, created_at, modified_at
        ) AS measured
$$;
COMMENT ON FUNCTION metering.judged_interval IS
'Rule of an interval between two answers, and by it the sizes, how each is known, the instant between, and the gap.';

-- The time after an environment's last answer, likewise: that answer is carried on, or held.
CREATE FUNCTION metering.judged_tail(
    is_long boolean,
    is_rejected boolean,
    aku integer,
    created_at timestamptz,
    modified_at timestamptz,
    from_at timestamptz,
    to_at timestamptz,
    metered_from timestamptz,
    ended_at timestamptz
) RETURNS TABLE (
    rule text,
    split_at timestamptz,
    aku_before integer,
    known_before text,
    aku_after integer,
    known_after text,
    gap_start timestamptz,
    gap_end timestamptz,
    gap_cause text
) LANGUAGE sql IMMUTABLE AS $$
    SELECT
        metering.tail_rule(is_long, is_rejected) AS rule,
        measured.*
    FROM metering.measured_interval(
        metering.tail_rule(is_long, is_rejected),
        is_long, from_at, to_at, metered_from, ended_at, aku, aku, created_at, modified_at
    ) AS measured
$$;
COMMENT ON FUNCTION metering.judged_tail IS
'Rule of the time after the last answer, and what it comes to, as metering.judged_interval says of an interval.';
