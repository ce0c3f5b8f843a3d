DELETE FROM reconciliation.hour_verdicts
WHERE period = :period
