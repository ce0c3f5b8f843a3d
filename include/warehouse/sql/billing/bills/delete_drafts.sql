-- Drafts and held bills of exactly this period, or of one subscription in it, make room for new ones; what is final
-- stays.
WITH drafts AS (
    SELECT bill_key FROM billing.bills
    WHERE
        period_start = :period_start
        AND period_end = :period_end
        AND document = 'bill'
        AND state IN ('draft', 'held')
        AND subscription_key = coalesce(CAST(:subscription_key AS bigint), subscription_key)
),

findings AS (
    DELETE FROM billing.bill_findings WHERE bill_key IN (SELECT bill_key FROM drafts)
),

taxes AS (
    DELETE FROM billing.bill_taxes WHERE bill_key IN (SELECT bill_key FROM drafts)
),

lines AS (
    DELETE FROM billing.bill_lines WHERE bill_key IN (SELECT bill_key FROM drafts)
)

DELETE FROM billing.bills WHERE bill_key IN (SELECT bill_key FROM drafts)
