-- Hours of a subscription that rating has no hours of cannot be compared: its month is.
DELETE FROM reconciliation.hour_amounts AS t
WHERE
    NOT t.is_ours
    AND NOT EXISTS (
        SELECT FROM our_hours AS o
        INNER JOIN compared_bills AS b ON o.subscription_key = b.subscription_key
        WHERE b.subscription_id = t.subscription_id
    )
