UPDATE billing.bills
SET state = :state
WHERE bill_key = :bill_key
