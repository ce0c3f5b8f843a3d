-- The components of a version.
SELECT
    name,
    fee,
    is_prorated
FROM billing.price_fees
WHERE version_key = :version_key
ORDER BY fee_no
