-- Bills that the Marketplace's final bill confirms by now.
SELECT bill_id
FROM billing.mark_reconciled(:period, :who, :reason, :reconciled_at) AS bill_id
