-- The last one entered counts, whatever the logical times of the runs; and a bill was drafted with the offers that were
-- entered by then. So it is entered after all others of the subscription, and after its bills were drafted.
INSERT INTO billing.private_offers (
    subscription_key, effective_from, effective_until, price_plan, discount_percent, reason, entered_by, entered_at,
    correction_id
)
SELECT
    :subscription_key,
    :effective_from,
    :effective_until,
    :price_plan,
    :discount_percent,
    :reason,
    :entered_by,
    greatest(
        CAST(:at AS timestamptz),
        (
            SELECT max(o.entered_at) + interval '1 microsecond' FROM billing.private_offers AS o
            WHERE o.subscription_key = :subscription_key
        ),
        (
            SELECT max(b.drafted_at) + interval '1 microsecond' FROM billing.bills AS b
            WHERE b.subscription_key = :subscription_key
        )
    ) AS entered_at,
    :correction_id
RETURNING offer_key
