SELECT *
FROM reconciliation.judged_hours
ORDER BY subscription_id, hour_start
