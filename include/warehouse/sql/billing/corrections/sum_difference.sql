-- What the corrections of this transaction come to, tax included, and in how many lines.
SELECT
    (SELECT count(*) FROM correction_lines) AS line_count,
    (SELECT count(*) FROM correction_taxes) AS tax_count,
    coalesce((SELECT sum(amount) FROM correction_lines), 0)
    + coalesce((SELECT sum(amount) FROM correction_taxes WHERE NOT is_inclusive), 0) AS total
