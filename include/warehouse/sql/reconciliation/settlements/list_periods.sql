SELECT DISTINCT period
FROM reconciliation.settlement_items
ORDER BY period DESC
