-- Fails where the server does not know the time zone.
SELECT CAST('2000-01-01' AS timestamptz) AT TIME ZONE CAST(:time_zone AS text)
