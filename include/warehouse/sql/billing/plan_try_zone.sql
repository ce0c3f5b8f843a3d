-- Fails where the server does not know the time zone.
SELECT TIMESTAMPTZ '2000-01-01' AT TIME ZONE CAST(:time_zone AS text)
