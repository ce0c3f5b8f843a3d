-- Takes all corrections off a draft or held bill.
WITH taxes AS (
    DELETE FROM billing.bill_taxes
    WHERE bill_key = :bill_key AND for_bill_key <> :bill_key
)

DELETE FROM billing.bill_lines
WHERE bill_key = :bill_key AND corrects_bill_key IS NOT NULL
