-- What time it is, for rules that a caller's instant must not get around: it is the database that says so.
CREATE FUNCTION metering.clock() RETURNS timestamptz LANGUAGE sql STABLE RETURN now();
COMMENT ON FUNCTION metering.clock IS 'The database''s own time, which retention goes by.';
