-- Which of the two counts where readings and a file speak of one instance-hour, whichever came first: what was measured
-- wins over what was imported, and what was imported over what was estimated or is not known. In the hour in which
-- metering started readings know only a part.
CREATE FUNCTION metering.import_prevails(
    aku_seconds bigint,
    estimated_aku_seconds bigint,
    gap_seconds bigint,
    metered_from timestamptz,
    hour_start timestamptz
) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT aku_seconds IS NULL OR estimated_aku_seconds > 0 OR gap_seconds > 0 OR metered_from > hour_start
$$;
COMMENT ON FUNCTION metering.import_prevails IS
'Whether a file''s word for an instance-hour counts beside what readings found there (null: they found nothing).';
