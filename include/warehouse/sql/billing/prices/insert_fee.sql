INSERT INTO billing.price_fees (version_key, fee_no, name, fee, is_prorated)
VALUES (:version_key, :fee_no, :name, :fee, :is_prorated)
