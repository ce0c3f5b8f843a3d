-- When a subscription is frozen, or a freeze ends, the hours that this changes are due again.
CREATE FUNCTION metering.follow_freezes() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    frozen core.freezes := coalesce(NEW, OLD);
BEGIN
    -- In turn with bills being made and with hours being closed, in the order of those.
    PERFORM pg_advisory_xact_lock(hashtextextended('metering/usage', 0));
    PERFORM pg_advisory_xact_lock(hashtextextended('metering/closing', 0));
    UPDATE metering.environment_hours AS hours
    SET state = 'stale'
    FROM core.environments AS environments
    WHERE
        environments.subscription_key = frozen.subscription_key
        AND hours.environment_key = environments.environment_key
        AND hours.hour_start >= frozen.frozen_from
        AND hours.state <> 'stale';
    RETURN NULL;
END
$$;
CREATE TRIGGER follow_freezes AFTER INSERT OR UPDATE OR DELETE ON core.freezes
FOR EACH ROW EXECUTE FUNCTION metering.follow_freezes();
