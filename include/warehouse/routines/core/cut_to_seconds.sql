-- Metering and billing count whole seconds: an end within a second is that second's start, wherever it is read.
CREATE FUNCTION core.cut_to_seconds() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    NEW.started_at := date_trunc('second', NEW.started_at);
    NEW.metering_started_at := date_trunc('second', NEW.metering_started_at);
    NEW.ended_at := date_trunc('second', NEW.ended_at);
    RETURN NEW;
END
$$;
CREATE TRIGGER cut_to_seconds BEFORE INSERT OR UPDATE OF started_at, metering_started_at, ended_at
ON core.subscriptions FOR EACH ROW EXECUTE FUNCTION core.cut_to_seconds();
