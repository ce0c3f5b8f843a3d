-- Takes the corrections off these drafts and held bills again.
WITH taxes AS (
    DELETE FROM billing.bill_taxes
    WHERE bill_key = any(:bill_keys) AND for_bill_key IN (SELECT root_key FROM correction_roots)
)

DELETE FROM billing.bill_lines
WHERE bill_key = any(:bill_keys) AND corrects_bill_key IN (SELECT root_key FROM correction_roots)
