-- A record is frozen when it is made, so that each request with it is the same to the byte, and an outcome follows only
-- from one that may come before it: final is final. Requests are evidence, and end once.
CREATE FUNCTION marketplace.guard_push_record() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'Record % of what a marketplace is sent cannot be deleted', OLD.record_key
            USING HINT = 'Write it off instead.';
    END IF;
    IF (OLD.record_key, OLD.channel, OLD.marketplace_instance_id, OLD.hour_start, OLD.dimension, OLD.subscription_key,
        OLD.product_code, OLD.item_key, OLD.quantity, OLD.unit_seconds, OLD.carried_in, OLD.units, OLD.window_start,
        OLD.window_end, OLD.cut_off, OLD.is_partial, OLD.entered_at)
        IS DISTINCT FROM
        (NEW.record_key, NEW.channel, NEW.marketplace_instance_id, NEW.hour_start, NEW.dimension,
        NEW.subscription_key, NEW.product_code, NEW.item_key, NEW.quantity, NEW.unit_seconds, NEW.carried_in,
        NEW.units, NEW.window_start, NEW.window_end, NEW.cut_off, NEW.is_partial, NEW.entered_at) THEN
        RAISE EXCEPTION 'Record % is frozen: what it reports never changes', OLD.record_key
            USING HINT = 'Correct the difference with the marketplace, and write it off here.';
    END IF;
    IF NEW.outcome <> OLD.outcome AND (OLD.outcome, NEW.outcome) NOT IN (
        ('pending', 'sending'), ('pending', 'missed'), ('pending', 'not_sent'), ('pending', 'expected'),
        ('pending', 'carried'),
        ('sending', 'accepted'), ('sending', 'refused'), ('sending', 'duplicate_same'),
        ('sending', 'duplicate_different'), ('sending', 'unknown'), ('sending', 'pending'), ('sending', 'not_sent'),
        ('duplicate_different', 'missed'),
        ('unknown', 'accepted'), ('unknown', 'refused'), ('unknown', 'duplicate_same'),
        ('unknown', 'duplicate_different'), ('unknown', 'pending'), ('unknown', 'missed'),
        ('not_sent', 'sending'), ('not_sent', 'missed')
    ) THEN
        RAISE EXCEPTION 'Record % is % and cannot become %', OLD.record_key, OLD.outcome, NEW.outcome
            USING HINT = 'See the lifecycle of a record of a metering push.';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_push_record BEFORE UPDATE OR DELETE ON marketplace.push_records
FOR EACH ROW EXECUTE FUNCTION marketplace.guard_push_record();
CREATE TRIGGER guard_push_records BEFORE TRUNCATE ON marketplace.push_records
FOR EACH STATEMENT EXECUTE FUNCTION marketplace.guard_evidence();
CREATE TRIGGER guard_ended_attempts BEFORE UPDATE ON marketplace.push_attempts
FOR EACH ROW WHEN (old.ended_at IS NOT NULL) EXECUTE FUNCTION marketplace.guard_evidence();
CREATE TRIGGER guard_requests
BEFORE UPDATE OF attempt_key, channel, product_code, begun_at, request ON marketplace.push_attempts
FOR EACH ROW EXECUTE FUNCTION marketplace.guard_evidence();
CREATE TRIGGER guard_attempts BEFORE DELETE OR TRUNCATE ON marketplace.push_attempts
FOR EACH STATEMENT EXECUTE FUNCTION marketplace.guard_evidence();
CREATE TRIGGER guard_attempt_records BEFORE UPDATE OR DELETE OR TRUNCATE ON marketplace.push_attempt_records
FOR EACH STATEMENT EXECUTE FUNCTION marketplace.guard_evidence();
CREATE TRIGGER guard_push_decisions BEFORE UPDATE OR DELETE OR TRUNCATE ON marketplace.push_decisions
FOR EACH STATEMENT EXECUTE FUNCTION marketplace.guard_evidence();
