-- Whether what became of a record is for a person to know of: it is not charged, or may not be, and no person has
-- decided on it.
CREATE FUNCTION marketplace.is_open_point(outcome text, reason text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT
        (
            is_open_point.outcome IN ('missed', 'refused', 'unknown', 'duplicate_different')
            OR (is_open_point.outcome = 'not_sent' AND is_open_point.reason = 'no_access')
        )
        AND is_open_point.reason IS DISTINCT FROM 'written_off'
        AND is_open_point.reason IS DISTINCT FROM 'marked_refused'
$$;
COMMENT ON FUNCTION marketplace.is_open_point IS
'Whether a record with this outcome and reason is for a person to know of.';
