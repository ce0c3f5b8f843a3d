-- What issued documents say of the period of a bill, line by line: the bill itself, and all documents that correct it.
-- In two branches, so that the lines of one bill are found by index.
CREATE VIEW billing.issued_lines AS
SELECT
    l.bill_key AS root_key,
    l.bill_key,
    l.line_no,
    l.kind,
    l.tier,
    l.name,
    l.description,
    l.line_start,
    l.line_end,
    l.aku_seconds,
    l.metered_aku_seconds,
    l.quantity,
    l.unit,
    l.unit_price,
    l.exact_amount,
    l.amount,
    l.version_key,
    l.tax_rate,
    l.tax_is_inclusive,
    l.corrects_line_no,
    l.correction_key,
    d.issued_at
FROM billing.bill_lines AS l
INNER JOIN billing.bills AS d ON l.bill_key = d.bill_key
WHERE l.corrects_bill_key IS NULL AND billing.is_issued(d.state)
UNION ALL
SELECT
    l.corrects_bill_key AS root_key,
    l.bill_key,
    l.line_no,
    l.kind,
    l.tier,
    l.name,
    l.description,
    l.line_start,
    l.line_end,
    l.aku_seconds,
    l.metered_aku_seconds,
    l.quantity,
    l.unit,
    l.unit_price,
    l.exact_amount,
    l.amount,
    l.version_key,
    l.tax_rate,
    l.tax_is_inclusive,
    l.corrects_line_no,
    l.correction_key,
    d.issued_at
FROM billing.bill_lines AS l
INNER JOIN billing.bills AS d ON l.bill_key = d.bill_key
WHERE l.corrects_bill_key IS NOT NULL AND billing.is_issued(d.state);

COMMENT ON VIEW billing.issued_lines IS 'Lines of issued documents by the bill whose period they are about.';
COMMENT ON COLUMN billing.issued_lines.root_key IS 'Bill whose period the line is about.';
COMMENT ON COLUMN billing.issued_lines.bill_key IS 'Document that has the line.';
COMMENT ON COLUMN billing.issued_lines.line_no IS 'Number of the line in it.';
COMMENT ON COLUMN billing.issued_lines.kind IS 'Kind of the line.';
COMMENT ON COLUMN billing.issued_lines.tier IS 'Tier of the price plan version.';
COMMENT ON COLUMN billing.issued_lines.name IS 'Name of the fee.';
COMMENT ON COLUMN billing.issued_lines.description IS 'What the line says.';
COMMENT ON COLUMN billing.issued_lines.line_start IS 'Start of the time that it is about.';
COMMENT ON COLUMN billing.issued_lines.line_end IS 'End of it (exclusive).';
COMMENT ON COLUMN billing.issued_lines.aku_seconds IS 'Usage that is charged.';
COMMENT ON COLUMN billing.issued_lines.metered_aku_seconds IS 'Usage as metered.';
COMMENT ON COLUMN billing.issued_lines.quantity IS 'Quantity in its unit.';
COMMENT ON COLUMN billing.issued_lines.unit IS 'Unit of the quantity.';
COMMENT ON COLUMN billing.issued_lines.unit_price IS 'Price of a unit.';
COMMENT ON COLUMN billing.issued_lines.exact_amount IS 'Exact amount.';
COMMENT ON COLUMN billing.issued_lines.amount IS 'Rounded amount.';
COMMENT ON COLUMN billing.issued_lines.version_key IS 'Price plan version.';
COMMENT ON COLUMN billing.issued_lines.tax_rate IS 'Tax rate.';
COMMENT ON COLUMN billing.issued_lines.tax_is_inclusive IS 'Whether the amount includes tax.';
COMMENT ON COLUMN billing.issued_lines.corrects_line_no IS 'Line that it corrects.';
COMMENT ON COLUMN billing.issued_lines.correction_key IS 'Correction that it comes from.';
COMMENT ON COLUMN billing.issued_lines.issued_at IS 'When the document was issued.';

-- Of one bill, for joins: OFFSET 0 lets each bill's be looked up, where a join of the view would first make all of it.
CREATE FUNCTION billing.issued_lines_of(bill bigint) RETURNS SETOF billing.issued_lines
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT l.* FROM billing.issued_lines AS l
    WHERE l.root_key = issued_lines_of.bill
    OFFSET 0
$$;
COMMENT ON FUNCTION billing.issued_lines_of IS
'Lines of issued documents about the period of one bill, found by index whatever else is stored.';
