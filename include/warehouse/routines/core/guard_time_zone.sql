-- Billing periods follow one another without holes and overlaps, so a subscription that was billed or metered keeps the
-- time zone of its months.
CREATE FUNCTION core.guard_time_zone() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    zone_before text := (SELECT p.time_zone FROM billing.price_plans AS p WHERE p.name = OLD.price_plan);
    zone_after text := (SELECT p.time_zone FROM billing.price_plans AS p WHERE p.name = NEW.price_plan);
BEGIN
    IF zone_before <> zone_after AND (
        EXISTS (SELECT FROM billing.bills AS b WHERE b.subscription_key = NEW.subscription_key)
        OR EXISTS (SELECT FROM metering.subscription_hours AS h WHERE h.subscription_key = NEW.subscription_key)
    ) THEN
        RAISE EXCEPTION 'Subscription % has months of %, and price plan % has months of %',
            NEW.subscription_id, zone_before, NEW.price_plan, zone_after
            USING HINT = format('Give it a plan whose time_zone is %s: hours between two kinds of months would be on no '
                'bill, or on two.', zone_before);
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_time_zone BEFORE UPDATE OF price_plan ON core.subscriptions
FOR EACH ROW WHEN (old.price_plan IS DISTINCT FROM new.price_plan) EXECUTE FUNCTION core.guard_time_zone();
ALTER TABLE core.subscriptions ENABLE ALWAYS TRIGGER guard_time_zone;
