DELETE FROM reconciliation.hourly_charges
WHERE billing_cycle = :billing_cycle AND account_id = :account_id
