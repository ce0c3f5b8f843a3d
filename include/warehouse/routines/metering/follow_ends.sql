-- When the end of a subscription is stored or corrected, the hours that this changes are due again. These are the
-- hours that the interval touches in which it ends, and all after it.
-- And the environment of a released subscription is released.
CREATE FUNCTION metering.follow_ends() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    ended timestamptz := least(OLD.ended_at, NEW.ended_at);
    environment bigint := (
        SELECT environments.environment_key FROM core.environments
        WHERE environments.subscription_key = NEW.subscription_key
    );
    first timestamptz;
BEGIN
    IF NEW.state = 'released' AND NEW.ended_at IS NOT NULL THEN
        UPDATE core.environments SET state = 'released' WHERE environment_key = environment AND state <> 'released';
    END IF;
    IF NEW.ended_at IS NOT DISTINCT FROM OLD.ended_at THEN
        RETURN NULL;
    END IF;
    -- In turn with bills being made, with polls being written and with hours being closed, in the order of those.
    PERFORM pg_advisory_xact_lock(hashtextextended('metering/usage', 0));
    PERFORM pg_advisory_xact_lock(hashtextextended('metering/closing', 0));
    SELECT coalesce(
        max(polls.observed_at) FILTER (WHERE polls.observed_at <= ended),
        CASE WHEN count(*) > 0 THEN NEW.metering_started_at END,
        ended
    ) INTO first
    FROM metering.polls
    WHERE polls.environment_key = environment AND polls.ok;
    UPDATE metering.environment_hours AS hours
    SET state = 'stale'
    WHERE
        hours.environment_key = environment
        AND hours.hour_start > first - interval '1 hour'
        AND hours.state <> 'stale';
    -- Usage after the end in hours that no closing had to do with, from files, be it late usage of an issued bill only:
    -- it is taken back by one.
    INSERT INTO metering.environment_hours (hour_start, environment_key, state, revision, closed_at)
    SELECT
        known.hour_start,
        environment AS environment_key,
        'stale' AS state,
        1 AS revision,
        known.hour_start + interval '1 hour' AS closed_at
    FROM (
        SELECT usage.hour_start FROM metering.usage
        WHERE
            usage.subscription_key = NEW.subscription_key
            AND usage.environment_key = environment
            AND usage.hour_start >= NEW.ended_at
        UNION
        SELECT late_usage.hour_start FROM billing.late_usage
        WHERE
            late_usage.subscription_key = NEW.subscription_key
            AND late_usage.environment_key = environment
            AND late_usage.hour_start >= NEW.ended_at
            AND late_usage.state <> 'withdrawn'
    ) AS known
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER follow_ends AFTER UPDATE OF ended_at, state ON core.subscriptions
FOR EACH ROW WHEN ((new.ended_at, new.state) IS DISTINCT FROM (old.ended_at, old.state))
EXECUTE FUNCTION metering.follow_ends();
