-- What records are worth. The keys are an array, so that only these are priced.
SELECT
    record_key,
    amount,
    currency,
    priced_by
FROM marketplace.priced_records
WHERE record_key = any(CAST(:record_keys AS bigint[]))
