-- What the Marketplace said, and what people decided of it, is evidence: it is written once.
CREATE FUNCTION marketplace.guard_evidence() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION '% is evidence and never changes', TG_TABLE_NAME
        USING HINT = 'Enter a further event that says what is so from now on.';
END
$$;
CREATE TRIGGER guard_said
BEFORE UPDATE OF event_key, received_at, source, request_id, action, query, parameters, instance_id ON marketplace.inbox
FOR EACH ROW EXECUTE FUNCTION marketplace.guard_evidence();
CREATE TRIGGER guard_events BEFORE DELETE OR TRUNCATE ON marketplace.inbox
FOR EACH STATEMENT EXECUTE FUNCTION marketplace.guard_evidence();
CREATE TRIGGER guard_decisions BEFORE UPDATE OR DELETE OR TRUNCATE ON marketplace.event_decisions
FOR EACH STATEMENT EXECUTE FUNCTION marketplace.guard_evidence();
