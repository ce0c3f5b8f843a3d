-- The difference between the perfect bill (what was just rated) and what documents say of the period by now, line by
-- line. A line is what it is about, in one unit and at one tax rate; it points at the one that said it last, on the
-- bill or on a later correction.
INSERT INTO correction_lines (
    root_key, line_order, kind, tier, name, description, line_start, line_end, aku_seconds,
    metered_aku_seconds, quantity, unit, unit_price, exact_amount, amount, version_key, tax_rate, tax_is_inclusive,
    corrects_document_key, corrects_line_no, correction_key, reason
)
WITH roots AS (
    SELECT * FROM correction_roots
    WHERE
        period_start = :period_start
        AND period_end = :period_end
        AND is_rated_again
),

both_sides AS (
    SELECT
        r.root_key,
        l.kind,
        l.tier,
        l.name,
        l.line_start,
        l.unit,
        l.tax_rate,
        l.tax_is_inclusive,
        l.aku_seconds,
        l.metered_aku_seconds,
        l.quantity,
        l.exact_amount,
        l.amount,
        l.line_no AS line_order,
        l.description,
        l.line_end,
        l.unit_price,
        l.version_key,
        NULL AS document_key,
        NULL AS document_line_no,
        CAST('infinity' AS timestamptz) AS said_at
    FROM roots AS r
    INNER JOIN rated_lines AS l ON r.subscription_key = l.subscription_key
    UNION ALL
    SELECT
        l.root_key,
        l.kind,
        l.tier,
        l.name,
        l.line_start,
        l.unit,
        l.tax_rate,
        l.tax_is_inclusive,
        -l.aku_seconds AS aku_seconds,
        -l.metered_aku_seconds AS metered_aku_seconds,
        -l.quantity AS quantity,
        -l.exact_amount AS exact_amount,
        -l.amount AS amount,
        l.line_no AS line_order,
        l.description,
        l.line_end,
        l.unit_price,
        l.version_key,
        l.bill_key AS document_key,
        l.line_no AS document_line_no,
        l.issued_at AS said_at
    FROM roots AS r
    CROSS JOIN LATERAL billing.issued_lines_of(r.root_key) AS l
    WHERE l.kind <> 'refund'
),

-- Of what has no sum, the last word counts: the perfect bill's, or else the latest document's.
words AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY root_key, kind, tier, name, line_start, unit, tax_rate, tax_is_inclusive
            ORDER BY said_at DESC, document_key DESC, document_line_no DESC
        ) AS word_no
    FROM both_sides
),

differences AS (
    SELECT
        root_key,
        kind,
        tier,
        name,
        line_start,
        unit,
        tax_rate,
        tax_is_inclusive,
        sum(aku_seconds) AS aku_seconds,
        sum(metered_aku_seconds) AS metered_aku_seconds,
        sum(quantity) AS quantity,
        sum(exact_amount) AS exact_amount,
        sum(amount) AS amount,
        (array_agg(line_order ORDER BY word_no))[1] AS line_order,
        (array_agg(description ORDER BY word_no))[1] AS description,
        (array_agg(line_end ORDER BY word_no))[1] AS line_end,
        (array_agg(unit_price ORDER BY word_no))[1] AS unit_price,
        (array_agg(version_key ORDER BY word_no))[1] AS version_key,
        (array_agg(document_key ORDER BY word_no) FILTER (WHERE document_key IS NOT NULL))[1] AS document_key,
        (array_agg(document_line_no ORDER BY word_no) FILTER (WHERE document_key IS NOT NULL))[1] AS document_line_no
    FROM words
    GROUP BY root_key, kind, tier, name, line_start, unit, tax_rate, tax_is_inclusive
)

SELECT
    d.root_key,
    d.line_order,
    d.kind,
    d.tier,
    d.name,
    d.description,
    d.line_start,
    d.line_end,
    CAST(d.aku_seconds AS bigint) AS aku_seconds,
    CAST(d.metered_aku_seconds AS bigint) AS metered_aku_seconds,
    d.quantity,
    d.unit,
    d.unit_price,
    d.exact_amount,
    d.amount,
    d.version_key,
    d.tax_rate,
    d.tax_is_inclusive,
    d.document_key AS corrects_document_key,
    d.document_line_no AS corrects_line_no,
    r.correction_key,
    r.reason
FROM differences AS d
INNER JOIN roots AS r ON d.root_key = r.root_key
WHERE
    d.aku_seconds <> 0
    OR d.metered_aku_seconds <> 0
    OR d.quantity <> 0
    OR d.exact_amount <> 0
    OR d.amount <> 0
