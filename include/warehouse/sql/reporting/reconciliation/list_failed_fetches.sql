-- Buyers whose Marketplace bill of a cycle could not be got at the last try: of the month, or only of its hours.
SELECT
    f.account_id,
    f.failure,
    f.attempted_at,
    f.fetched_at,
    FALSE AS is_hourly,
    count(*) OVER () AS match_count
FROM reconciliation.marketplace_fetches AS f
WHERE f.billing_cycle = :period AND f.failure IS NOT NULL

UNION ALL

SELECT
    h.account_id,
    h.failure,
    h.attempted_at,
    h.fetched_at,
    TRUE AS is_hourly,
    count(*) OVER () AS match_count
FROM reconciliation.hourly_fetches AS h
WHERE
    h.billing_cycle = :period
    AND h.failure IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM reconciliation.marketplace_fetches AS f
        WHERE f.billing_cycle = :period AND f.account_id = h.account_id AND f.failure IS NOT NULL
    )
ORDER BY is_hourly, account_id
LIMIT :at_most
