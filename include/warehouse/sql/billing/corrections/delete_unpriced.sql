-- Drops this transaction's corrections of subscriptions that cannot be rated again, and returns their keys.
WITH left_out AS (
    SELECT
        r.subscription_key,
        r.root_key
    FROM correction_roots AS r
    INNER JOIN core.subscriptions AS s ON r.subscription_key = s.subscription_key
    WHERE s.subscription_id = any(CAST(:ids AS text[]))
),

roots AS (
    DELETE FROM correction_roots WHERE root_key IN (SELECT root_key FROM left_out)
),

lines AS (
    DELETE FROM correction_lines WHERE root_key IN (SELECT root_key FROM left_out)
),

taxes AS (
    DELETE FROM correction_taxes WHERE root_key IN (SELECT root_key FROM left_out)
)

SELECT DISTINCT subscription_key FROM left_out
