-- A waiver closes, at once, the hours that wait for nothing else.
CREATE FUNCTION metering.close_waived_hours() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    UPDATE metering.environment_hours AS hours
    SET state = 'closed'
    FROM waived
    WHERE
        waived.state = 'waived'
        AND hours.environment_key = waived.environment_key
        AND hours.hour_start < waived.gap_end
        AND hours.hour_start > waived.gap_start - interval '1 hour'
        AND hours.state = 'provisional'
        AND metering.is_hour_waived(
            hours.environment_key,
            hours.hour_start,
            (
                SELECT max(polls.observed_at) FROM metering.polls
                WHERE polls.environment_key = hours.environment_key AND polls.ok
            )
        );
    RETURN NULL;
END
$$;
CREATE TRIGGER close_waived_hours AFTER UPDATE ON metering.gaps
REFERENCING NEW TABLE AS waived FOR EACH STATEMENT EXECUTE FUNCTION metering.close_waived_hours();
