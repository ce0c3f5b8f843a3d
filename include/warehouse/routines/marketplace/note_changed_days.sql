-- Whatever changes usage or the ledger notes the days that marketplace.agreement_days has to be filled for again, in
-- the same transaction. Notes are only ever added, so writers do not wait for one another; the same may come often.
CREATE FUNCTION marketplace.note_changed_days() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    INSERT INTO marketplace.agreement_changes (subscription_key, day_start)
    SELECT DISTINCT changed.subscription_key, marketplace.day_of(changed.hour_start) FROM changed;
    RETURN NULL;
END
$$;
CREATE TRIGGER note_new_days AFTER INSERT ON metering.subscription_hours
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION marketplace.note_changed_days();
CREATE TRIGGER note_changed_days AFTER UPDATE ON metering.subscription_hours
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION marketplace.note_changed_days();
CREATE TRIGGER note_emptied_days AFTER DELETE ON metering.subscription_hours
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION marketplace.note_changed_days();
CREATE TRIGGER note_new_days AFTER INSERT ON marketplace.push_records
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION marketplace.note_changed_days();
CREATE TRIGGER note_changed_days AFTER UPDATE ON marketplace.push_records
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION marketplace.note_changed_days();
CREATE TRIGGER note_emptied_days AFTER DELETE ON marketplace.push_records
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION marketplace.note_changed_days();
COMMENT ON FUNCTION marketplace.note_changed_days IS 'Notes the days whose usage or records change.';
