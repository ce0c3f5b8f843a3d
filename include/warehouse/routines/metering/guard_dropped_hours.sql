-- An hour whose polls are gone would come out as nothing, so it is never closed again, for any caller …
CREATE FUNCTION metering.guard_dropped_hours() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog SET timezone = 'UTC' AS $$
DECLARE
    closable_from timestamptz := (SELECT max(months.closable_from) FROM metering.dropped_months AS months);
BEGIN
    IF EXISTS (SELECT FROM written WHERE written.hour_start < closable_from AND written.state <> 'stale') THEN
        RAISE EXCEPTION 'Hours before % UTC cannot be closed again: the polls that they were made of were dropped',
            to_char(closable_from, 'YYYY-MM-DD HH24:MI')
            USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Give a window that starts there. Usage of earlier hours is on issued bills and stays.';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER guard_dropped_hours_from_insert AFTER INSERT ON metering.environment_hours
REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION metering.guard_dropped_hours();
CREATE TRIGGER guard_dropped_hours_from_update AFTER UPDATE ON metering.environment_hours
REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION metering.guard_dropped_hours();

-- … and a poll that comes that late makes none of them due: it is kept as any other, and the hours stay as they are.
CREATE FUNCTION metering.keep_dropped_hours() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF OLD.hour_start < (SELECT max(months.closable_from) FROM metering.dropped_months AS months) THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER keep_dropped_hours BEFORE UPDATE ON metering.environment_hours
FOR EACH ROW WHEN (new.state = 'stale' AND old.state <> 'stale') EXECUTE FUNCTION metering.keep_dropped_hours();
