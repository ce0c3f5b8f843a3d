-- What hangs on an issued bill never changes either (see guard_issued_line).
CREATE TRIGGER guard_issued_tax BEFORE INSERT OR UPDATE OR DELETE ON billing.bill_taxes
FOR EACH ROW EXECUTE FUNCTION billing.guard_issued_line();
CREATE TRIGGER guard_issued_taxes_from_truncate BEFORE TRUNCATE ON billing.bill_taxes
FOR EACH STATEMENT EXECUTE FUNCTION billing.guard_issued_line();
ALTER TABLE billing.bill_taxes ENABLE ALWAYS TRIGGER guard_issued_tax;
ALTER TABLE billing.bill_taxes ENABLE ALWAYS TRIGGER guard_issued_taxes_from_truncate;

CREATE TRIGGER guard_published_fee BEFORE UPDATE OR DELETE OR TRUNCATE ON billing.price_fees
FOR EACH STATEMENT EXECUTE FUNCTION billing.guard_published_price();
ALTER TABLE billing.price_fees ENABLE ALWAYS TRIGGER guard_published_fee;

-- What people did is written once.
CREATE FUNCTION billing.guard_written_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is written once and never changes', TG_TABLE_NAME
        USING HINT = 'Add a further row that says what is so from now on.';
END
$$;

CREATE TRIGGER guard_written_event BEFORE UPDATE OR DELETE OR TRUNCATE ON billing.bill_events
FOR EACH STATEMENT EXECUTE FUNCTION billing.guard_written_once();
CREATE TRIGGER guard_written_waiver BEFORE UPDATE OR DELETE OR TRUNCATE ON billing.waivers
FOR EACH STATEMENT EXECUTE FUNCTION billing.guard_written_once();
CREATE TRIGGER guard_written_offer BEFORE UPDATE OR DELETE OR TRUNCATE ON billing.private_offers
FOR EACH STATEMENT EXECUTE FUNCTION billing.guard_written_once();
ALTER TABLE billing.bill_events ENABLE ALWAYS TRIGGER guard_written_event;
ALTER TABLE billing.waivers ENABLE ALWAYS TRIGGER guard_written_waiver;
ALTER TABLE billing.private_offers ENABLE ALWAYS TRIGGER guard_written_offer;
