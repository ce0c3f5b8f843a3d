-- Why the month may not go; null when it may.
SELECT metering.why_month_stays(:month, CAST(:at AS timestamptz), CAST(:retention AS interval))
