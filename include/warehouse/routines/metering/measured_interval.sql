-- What an interval comes to by its rule: it is cut in two at split_at, with a size before and after, how each is known
-- (measured, inferred, estimated or unknown), and the gap. Every rule is a choice of these.
CREATE FUNCTION metering.measured_interval(
    rule text,
    is_silent boolean,
    from_at timestamptz,
    to_at timestamptz,
    metered_from timestamptz,
    ended_at timestamptz,
    earlier_aku integer,
    aku integer,
    created_at timestamptz,
    modified_at timestamptz
) RETURNS TABLE (
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
        CASE
            WHEN rule = 'changed' THEN modified_at
            WHEN rule = 'appeared' THEN greatest(created_at, modified_at, from_at)
            WHEN rule = 'first' THEN greatest(created_at, modified_at, metered_from)
            ELSE to_at
        END,
        CASE
            WHEN rule IN ('appeared', 'first') THEN 0
            WHEN rule = 'inconsistent' OR rule = 'changed' AND is_silent THEN least(earlier_aku, aku)
            ELSE earlier_aku
        END,
        CASE
            WHEN rule IN ('inconsistent', 'carried', 'rejected') THEN 'estimated'
            WHEN rule IN ('touched', 'changed') AND is_silent THEN 'estimated'
            WHEN rule = 'steady' AND is_silent THEN 'inferred'
            WHEN rule = 'first' AND created_at < modified_at THEN 'unknown'
            ELSE 'measured'
        END,
        aku,
        CASE WHEN rule = 'first' OR rule = 'changed' AND is_silent THEN 'inferred' ELSE 'measured' END,
        CASE
            WHEN rule = 'first' AND created_at < modified_at THEN greatest(created_at, metered_from)
            WHEN rule IN ('inconsistent', 'carried', 'rejected') OR rule IN ('touched', 'changed') AND is_silent
                THEN greatest(from_at, metered_from)
        END,
        least(CASE WHEN rule IN ('changed', 'first') THEN modified_at END, to_at, ended_at),
        CASE rule
            WHEN 'inconsistent' THEN 'inconsistent_times'
            WHEN 'carried' THEN 'no_answer_yet'
            WHEN 'rejected' THEN 'rejected_reading'
            WHEN 'first' THEN 'changed_before_first_poll'
            ELSE 'changed_in_silence'
        END
$$;
COMMENT ON FUNCTION metering.measured_interval IS
'The two sizes of an interval, how each is known, the instant between them, and the gap, which may be empty.';
