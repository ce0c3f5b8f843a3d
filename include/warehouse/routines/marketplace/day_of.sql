-- The day that an hour is added up with. It begins at midnight in UTC+8, as months do at the Marketplace and in our
-- price plans, so that a month is whole days.
CREATE FUNCTION marketplace.day_of(instant timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
date_bin('1 day', instant, '2026-01-01 00:00:00+08');
COMMENT ON FUNCTION marketplace.day_of IS 'Start of the day, in UTC+8, that an instant is in.';
