-- Which rule of metering (docs/concepts/metering.md) an interval between two answered polls falls under, for one
-- instance. An instance that was not listed by the poll before has no earlier size.
CREATE FUNCTION metering.interval_rule(
    was_listed boolean,
    was_rejected boolean,
    earlier_aku integer,
    is_first boolean,
    is_rejected boolean,
    aku integer,
    modified_at timestamptz,
    from_at timestamptz,
    to_at timestamptz
) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT
        CASE
            WHEN is_rejected THEN 'rejected'
            WHEN was_listed AND (earlier_aku = aku OR was_rejected) AND modified_at <= from_at THEN 'steady'
            WHEN was_listed AND earlier_aku = aku THEN 'touched'
            WHEN was_listed AND modified_at > from_at AND modified_at <= to_at THEN 'changed'
            WHEN was_listed THEN 'inconsistent'
            WHEN is_first THEN 'first'
            ELSE 'appeared'
        END
$$;
COMMENT ON FUNCTION metering.interval_rule IS
'Rule of an interval: rejected, steady, touched, changed, inconsistent, first or appeared.';

-- The size at the start of the interval. After a rejected reading, what was not modified since then had its size
-- already.
CREATE FUNCTION metering.interval_earlier_aku(
    was_listed boolean,
    was_rejected boolean,
    earlier_aku integer,
    aku integer,
    modified_at timestamptz,
    from_at timestamptz
) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT
        CASE
            WHEN was_listed AND was_rejected AND modified_at <= from_at THEN aku
            WHEN was_listed THEN earlier_aku
            ELSE 0
        END
$$;
COMMENT ON FUNCTION metering.interval_earlier_aku IS
'AKU at the start of an interval; 0 for an instance that was not listed.';

-- Whether the interval is treated as a silence. After a rejected reading, a later change leaves the size before it as
-- little known as in a silence.
CREATE FUNCTION metering.interval_is_silent(
    is_long boolean,
    was_listed boolean,
    was_rejected boolean,
    modified_at timestamptz,
    from_at timestamptz
) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT is_long OR was_listed AND was_rejected AND modified_at > from_at
$$;
COMMENT ON FUNCTION metering.interval_is_silent IS
'Whether the size at the start of an interval says little about the time after it.';

-- After an environment's last answer: within the tolerance of the subscription's end the answer holds, unless the
-- reading was rejected; else it is carried on without proof.
CREATE FUNCTION metering.tail_rule(is_long boolean, is_rejected boolean) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN is_long THEN 'carried' WHEN is_rejected THEN 'rejected' ELSE 'held' END
$$;
COMMENT ON FUNCTION metering.tail_rule IS 'Rule of the time after the last answer: carried, rejected or held.';
