-- Usage in a closed period in which the subscription has no bill.
SELECT
    subscription_id,
    used_from AS from_at,
    used_until AS until_at,
    aku_seconds,
    NULL AS bill_ids
FROM billing.months_without_bill(:ended_after)
WHERE aku_seconds > 0
