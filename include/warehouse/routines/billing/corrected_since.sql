-- What became of a bill since it was issued. Its own lines and its verdict never change, so pages say this beside them.
-- Without a setting of its own, so that PostgreSQL inlines it.
CREATE FUNCTION billing.corrected_since(root_key bigint) RETURNS TABLE (
    corrected_amount numeric,
    is_waiting boolean
) LANGUAGE sql STABLE AS $$
    SELECT
        (
            SELECT sum(l.amount) FROM billing.issued_lines AS l
            WHERE l.root_key = corrected_since.root_key AND l.bill_key <> corrected_since.root_key
        ) AS corrected_amount,
        EXISTS (
            SELECT FROM billing.late_usage AS u
            WHERE u.bill_key = corrected_since.root_key AND u.state = 'pending'
        ) OR EXISTS (
            SELECT FROM billing.corrections AS c
            WHERE c.bill_key = corrected_since.root_key AND c.state = 'pending'
        ) AS is_waiting
$$;
COMMENT ON FUNCTION billing.corrected_since IS
'The sum before tax of what issued documents correct of a bill (null: nothing), and whether late usage or a correction '
'of it still waits for a document.';
