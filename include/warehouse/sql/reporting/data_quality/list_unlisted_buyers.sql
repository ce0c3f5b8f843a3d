-- Buyers and regions whose machines could not be listed at the last try.
SELECT
    account_id,
    region,
    failure,
    attempted_at,
    listed_at
FROM operations.machine_listings
WHERE failure IS NOT NULL
ORDER BY account_id, region
LIMIT :at_most
