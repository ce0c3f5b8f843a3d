-- Drops the month's polls and readings, or fails.
SELECT metering.drop_month(:month, CAST(:at AS timestamptz), CAST(:retention AS interval))
