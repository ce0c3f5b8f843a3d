-- What issued periods were rated by stays: licence terms in them, and from when on a subscription was active.
CREATE FUNCTION billing.guard_licence() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    issued text;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        RAISE EXCEPTION 'Licences are what issued bills were made of, and cannot be truncated'
            USING HINT = 'Delete single terms that no issued bill has.';
    END IF;
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'auto_renew' = to_jsonb(OLD) - 'auto_renew' THEN
        RETURN NEW;
    END IF;
    PERFORM billing.wait_for_turn();
    IF TG_OP <> 'INSERT' THEN
        issued := (
            SELECT min(r.bill_id) FROM billing.issued_periods(OLD.subscription_key, OLD.term_start, OLD.term_end) AS r
        );
    END IF;
    IF issued IS NULL AND TG_OP <> 'DELETE' THEN
        issued := (
            SELECT min(r.bill_id) FROM billing.issued_periods(NEW.subscription_key, NEW.term_start, NEW.term_end) AS r
        );
    END IF;
    IF issued IS NOT NULL THEN
        RAISE EXCEPTION 'The licence term reaches into bill %, which is issued and never changes', issued
            USING HINT = 'Let the term start where the last issued bill ends.';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;
CREATE TRIGGER guard_licence BEFORE INSERT OR UPDATE OR DELETE ON core.licences
FOR EACH ROW EXECUTE FUNCTION billing.guard_licence();
CREATE TRIGGER guard_licences_from_truncate BEFORE TRUNCATE ON core.licences
FOR EACH STATEMENT EXECUTE FUNCTION billing.guard_licence();
ALTER TABLE core.licences ENABLE ALWAYS TRIGGER guard_licence;
ALTER TABLE core.licences ENABLE ALWAYS TRIGGER guard_licences_from_truncate;

CREATE FUNCTION billing.guard_active_time() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    issued text;
BEGIN
    PERFORM billing.wait_for_turn();
    issued := (
        SELECT min(r.bill_id) FROM billing.issued_periods(OLD.subscription_key, '-infinity', NULL) AS r
        WHERE
            -- An end may come late: what differs then is late usage of the bill, which a note corrects.
            greatest(OLD.started_at, r.period_start) IS DISTINCT FROM greatest(NEW.started_at, r.period_start)
    );
    IF issued IS NOT NULL THEN
        RAISE EXCEPTION 'Subscription % cannot start within bill %, which is issued and never changes',
            OLD.subscription_id, issued
            USING HINT = 'Let it start where nothing is issued, and refund what was charged too much.';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_active_time BEFORE UPDATE OF started_at, ended_at ON core.subscriptions
FOR EACH ROW EXECUTE FUNCTION billing.guard_active_time();
ALTER TABLE core.subscriptions ENABLE ALWAYS TRIGGER guard_active_time;
