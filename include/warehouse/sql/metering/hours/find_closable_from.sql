-- The instant before which hours can not be closed again; null when nothing was ever dropped.
SELECT max(closable_from)
FROM metering.dropped_months
