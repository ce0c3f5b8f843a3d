CREATE VIEW billing.closed_periods AS
SELECT DISTINCT
    b.period,
    b.period_start,
    b.period_end,
    p.time_zone
FROM billing.bills AS b
INNER JOIN billing.price_plans AS p ON b.price_plan = p.name
WHERE b.document = 'bill' AND billing.is_closed(b.state);

COMMENT ON VIEW billing.closed_periods IS
'Billing periods that were closed: at least one bill of them is issued or void.';
COMMENT ON COLUMN billing.closed_periods.period IS 'Billing period, YYYY-MM in its time zone.';
COMMENT ON COLUMN billing.closed_periods.period_start IS 'Start of the period (inclusive).';
COMMENT ON COLUMN billing.closed_periods.period_end IS 'End of the period (exclusive).';
COMMENT ON COLUMN billing.closed_periods.time_zone IS 'IANA zone whose month it is.';
