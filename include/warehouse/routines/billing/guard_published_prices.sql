-- A published price is what issued bills were made of, so it never changes either; a new version may follow.
CREATE FUNCTION billing.guard_published_price() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% holds published prices, which never change', TG_TABLE_NAME
        USING HINT = 'Publish a further version of the price plan.';
END
$$;

CREATE TRIGGER guard_published_plan BEFORE UPDATE OR DELETE OR TRUNCATE ON billing.price_plans
FOR EACH STATEMENT EXECUTE FUNCTION billing.guard_published_price();
CREATE TRIGGER guard_published_version BEFORE UPDATE OR DELETE OR TRUNCATE ON billing.price_plan_versions
FOR EACH STATEMENT EXECUTE FUNCTION billing.guard_published_price();
CREATE TRIGGER guard_published_tier BEFORE UPDATE OR DELETE OR TRUNCATE ON billing.price_tiers
FOR EACH STATEMENT EXECUTE FUNCTION billing.guard_published_price();
CREATE TRIGGER guard_published_fee BEFORE UPDATE OR DELETE OR TRUNCATE ON billing.price_fees
FOR EACH STATEMENT EXECUTE FUNCTION billing.guard_published_price();
ALTER TABLE billing.price_plans ENABLE ALWAYS TRIGGER guard_published_plan;
ALTER TABLE billing.price_plan_versions ENABLE ALWAYS TRIGGER guard_published_version;
ALTER TABLE billing.price_tiers ENABLE ALWAYS TRIGGER guard_published_tier;
ALTER TABLE billing.price_fees ENABLE ALWAYS TRIGGER guard_published_fee;

-- A version is published whole, in one transaction: nothing is added to it later. One that rating would give to an
-- issued period would rewrite what its bill says.
CREATE FUNCTION billing.guard_published_version() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    issued text;
BEGIN
    IF TG_TABLE_NAME = 'price_plan_versions' THEN
        PERFORM billing.wait_for_turn();
        issued := (
            SELECT min(r.bill_id) FROM billing.issued_periods_of_version(NEW.plan_key, NEW.effective_from) AS r
        );
        IF issued IS NOT NULL THEN
            RAISE EXCEPTION 'A version effective from % would price again what issued bills were made of, like bill %',
                to_char(NEW.effective_from AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SSZ'), issued
                USING HINT = 'Let it start later, or correct the bills.';
        END IF;
    ELSIF (SELECT v.xmin FROM billing.price_plan_versions AS v WHERE v.version_key = NEW.version_key)
        <> CAST(pg_current_xact_id() AS xid) THEN
        RAISE EXCEPTION '% holds published prices, which never change', TG_TABLE_NAME
            USING HINT = 'Publish a further version of the price plan.';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER guard_new_version BEFORE INSERT ON billing.price_plan_versions
FOR EACH ROW EXECUTE FUNCTION billing.guard_published_version();
CREATE TRIGGER guard_new_tier BEFORE INSERT ON billing.price_tiers
FOR EACH ROW EXECUTE FUNCTION billing.guard_published_version();
CREATE TRIGGER guard_new_fee BEFORE INSERT ON billing.price_fees
FOR EACH ROW EXECUTE FUNCTION billing.guard_published_version();
ALTER TABLE billing.price_plan_versions ENABLE ALWAYS TRIGGER guard_new_version;
ALTER TABLE billing.price_tiers ENABLE ALWAYS TRIGGER guard_new_tier;
ALTER TABLE billing.price_fees ENABLE ALWAYS TRIGGER guard_new_fee;
