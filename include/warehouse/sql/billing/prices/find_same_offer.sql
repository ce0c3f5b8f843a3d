-- An offer of the same terms by the same person, entered by this run or, with nothing entered since, before it.
SELECT o.offer_key
FROM billing.private_offers AS o
WHERE
    o.subscription_key = :subscription_key
    AND o.effective_from = :effective_from
    AND o.effective_until IS NOT DISTINCT FROM CAST(:effective_until AS timestamptz)
    AND o.price_plan IS NOT DISTINCT FROM CAST(:price_plan AS text)
    AND o.discount_percent IS NOT DISTINCT FROM CAST(:discount_percent AS numeric)
    AND o.reason = :reason
    AND o.entered_by = :entered_by
    AND (
        o.entered_at >= :at
        OR NOT EXISTS (
            SELECT FROM billing.private_offers AS later
            WHERE later.subscription_key = o.subscription_key AND later.offer_key > o.offer_key
        )
    )
LIMIT 1
