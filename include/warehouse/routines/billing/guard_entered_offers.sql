-- A private offer begins where nothing is issued; only a correction's own offers hold for the issued period that it
-- corrects. A document knows the offers that were entered until it was drafted; none is slipped in behind it.
CREATE FUNCTION billing.guard_entered_offer() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    reached text;
    drafted text;
BEGIN
    PERFORM billing.wait_for_turn();
    reached := (
        SELECT min(r.bill_id)
        FROM billing.issued_periods(NEW.subscription_key, NEW.effective_from, NEW.effective_until) AS r
        WHERE
            NEW.correction_id IS NULL
            OR NEW.effective_from < r.period_start
            OR NEW.effective_until IS NULL
            OR NEW.effective_until > r.period_end
    );
    drafted := (
        SELECT min(b.bill_id) FROM billing.bills AS b
        WHERE
            b.subscription_key = NEW.subscription_key
            AND billing.is_issued(b.state)
            AND b.drafted_at >= NEW.entered_at
            AND b.period_end > NEW.effective_from
            AND b.period_start < coalesce(NEW.effective_until, 'infinity')
    );
    IF drafted IS NOT NULL THEN
        RAISE EXCEPTION 'Bill % was drafted after %, when this offer is said to have been entered', drafted, NEW.entered_at
            USING HINT = 'Enter the offer as of now; it holds for issued bills by a correction.';
    END IF;
    IF reached IS NOT NULL THEN
        RAISE EXCEPTION 'The offer reaches into bill %, which is issued and never changes', reached
            USING HINT = 'Start it later, and correct the bill for the time before.';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_entered_offer BEFORE INSERT ON billing.private_offers
FOR EACH ROW EXECUTE FUNCTION billing.guard_entered_offer();
ALTER TABLE billing.private_offers ENABLE ALWAYS TRIGGER guard_entered_offer;

-- The correction is entered after its offers, in the same transaction.
CREATE FUNCTION billing.guard_correction_offer() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM billing.corrections AS c
        INNER JOIN billing.bills AS b ON c.bill_key = b.bill_key
        WHERE
            c.correction_id = NEW.correction_id
            AND c.cause IN ('price', 'discount')
            AND b.subscription_key = NEW.subscription_key
            AND b.period_start <= NEW.effective_from
            AND b.period_end >= NEW.effective_until
    ) THEN
        RAISE EXCEPTION 'No correction % of price or discount has an offer from % on', NEW.correction_id,
            NEW.effective_from
            USING HINT = 'Correct the bill (bill_correction, cause price or discount).';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER guard_correction_offer AFTER INSERT ON billing.private_offers
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.correction_id IS NOT NULL)
EXECUTE FUNCTION billing.guard_correction_offer();
ALTER TABLE billing.private_offers ENABLE ALWAYS TRIGGER guard_correction_offer;
