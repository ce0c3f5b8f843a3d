-- A document knows the private offers that were entered until it was drafted; none is slipped in behind it.
CREATE FUNCTION billing.guard_entered_offer() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    issued text := (
        SELECT min(b.bill_id) FROM billing.bills AS b
        WHERE
            b.subscription_key = NEW.subscription_key
            AND b.state IN ('issued', 'settled')
            AND b.drafted_at >= NEW.entered_at
            AND b.period_end > NEW.effective_from
            AND b.period_start < coalesce(NEW.effective_until, 'infinity')
    );
BEGIN
    IF issued IS NOT NULL THEN
        RAISE EXCEPTION 'Bill % was drafted after %, when this offer is said to have been entered', issued, NEW.entered_at
            USING HINT = 'Enter the offer as of now; it holds for issued bills by a correction.';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_entered_offer BEFORE INSERT ON billing.private_offers
FOR EACH ROW EXECUTE FUNCTION billing.guard_entered_offer();
ALTER TABLE billing.private_offers ENABLE ALWAYS TRIGGER guard_entered_offer;
