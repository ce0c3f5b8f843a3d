-- The fees of a version.
SELECT
    name,
    amount,
    is_prorated
FROM billing.price_fees
WHERE version_key = :version_key
ORDER BY fee_no
