-- Drafts and held bills of exactly this period make room for new ones; what is final stays.
WITH drafts AS (
    SELECT bill_key
    FROM billing.period_bills(:period_start, :period_end, ARRAY['draft', 'held'], :subscriptions)
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
