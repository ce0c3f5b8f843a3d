-- The instant before which hours cannot be closed again; null when nothing was ever dropped.
SELECT max(closable_from)
FROM metering.dropped_months
