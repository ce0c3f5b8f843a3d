-- What the corrections of this transaction come to without refunds, tax included.
SELECT
    coalesce((SELECT sum(amount) FROM correction_lines WHERE kind <> 'refund'), 0)
    + coalesce((SELECT sum(amount) FROM correction_taxes WHERE NOT is_inclusive AND NOT is_refund), 0) AS amount
