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
