INSERT INTO billing.price_fees (version_key, fee_no, name, amount, is_prorated)
VALUES (:version_key, :fee_no, :name, :amount, :is_prorated)
