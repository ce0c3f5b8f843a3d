-- What is left of a bill that may be given back, by what documents say of its period: the bill, every correction and
-- refund that is issued, and those on one document that is not (a draft; NULL is none). Corrections that wait are on a
-- document as soon as one is drafted, so a draft of all that waits says what is left beside it.
--
-- What a line costs is by its kind, name and stretch of time, wherever corrections put it; a refund names the line.
-- Row by row whatever its caller set: there are few lines of one bill, found by index.
CREATE FUNCTION billing.left_to_give_back(root_key bigint, document_key bigint) RETURNS TABLE (
    scope text,
    line_no integer,
    tax_rate numeric,
    is_inclusive boolean,
    currency text,
    costs numeric,
    given_back numeric,
    remaining numeric
) LANGUAGE sql STABLE SET enable_nestloop = ON AS $$
WITH said AS (
    SELECT l.kind, l.tier, l.name, l.line_start, l.amount, l.tax_rate, l.tax_is_inclusive, l.corrects_line_no
    FROM billing.issued_lines_of(left_to_give_back.root_key) AS l
    UNION ALL
    SELECT l.kind, l.tier, l.name, l.line_start, l.amount, l.tax_rate, l.tax_is_inclusive, l.corrects_line_no
    FROM billing.bill_lines AS l
    INNER JOIN billing.bills AS d ON l.bill_key = d.bill_key
    WHERE
        l.corrects_bill_key = left_to_give_back.root_key
        AND d.bill_key = document_key
        AND NOT billing.is_issued(d.state)
),

placed AS (
    SELECT
        said.amount,
        said.tax_rate,
        said.tax_is_inclusive,
        said.kind = 'refund' AS is_refund,
        CASE WHEN said.kind = 'refund' OR said.tier IS NOT DISTINCT FROM own.tier THEN own.line_no END AS line_no,
        coalesce(own.kind, said.kind) AS kind,
        coalesce(own.name, said.name) AS name,
        coalesce(own.line_start, said.line_start) AS stretch
    FROM said
    LEFT JOIN LATERAL (
        SELECT o.line_no, o.kind, o.name, o.tier, o.line_start
        FROM billing.bill_lines AS o
        WHERE
            o.bill_key = root_key
            AND o.corrects_bill_key IS NULL
            AND CASE
                WHEN said.kind = 'refund' THEN o.line_no = said.corrects_line_no
                ELSE
                    o.kind = said.kind
                    AND o.name IS NOT DISTINCT FROM said.name
                    AND o.line_start <= said.line_start
                    AND (o.line_start = said.line_start OR (o.kind <> 'licence' AND said.line_start < o.line_end))
            END
        ORDER BY
            o.tier IS NOT DISTINCT FROM said.tier DESC,
            o.line_start DESC,
            o.tax_rate = said.tax_rate DESC,
            o.line_no ASC
        LIMIT 1
    ) AS own ON TRUE
),

taxes AS (
    SELECT t.amount, t.is_refund
    FROM billing.bill_taxes AS t
    INNER JOIN billing.bills AS d ON t.bill_key = d.bill_key
    WHERE
        t.for_bill_key = root_key
        AND NOT t.is_inclusive
        AND (billing.is_issued(d.state) OR d.bill_key = document_key)
),

scopes AS (
    SELECT
        'line' AS scope,
        p.line_no,
        CAST(NULL AS numeric) AS tax_rate,
        CAST(NULL AS boolean) AS is_inclusive,
        p.amount,
        p.is_refund
    FROM placed AS p
    WHERE p.line_no IS NOT NULL
    UNION ALL
    -- All tiers of a charge: usage may lie in others after a correction.
    SELECT
        'charge' AS scope,
        min(p.line_no) OVER (PARTITION BY p.kind, p.name, p.stretch) AS line_no,
        NULL AS tax_rate,
        NULL AS is_inclusive,
        p.amount,
        p.is_refund
    FROM placed AS p
    UNION ALL
    SELECT 'rate' AS scope, NULL AS line_no, p.tax_rate, p.tax_is_inclusive, p.amount, p.is_refund
    FROM placed AS p
    UNION ALL
    SELECT 'bill' AS scope, NULL AS line_no, NULL AS tax_rate, NULL AS is_inclusive, p.amount, p.is_refund
    FROM placed AS p
    UNION ALL
    SELECT 'total' AS scope, NULL AS line_no, NULL AS tax_rate, NULL AS is_inclusive, p.amount, p.is_refund
    FROM placed AS p
    UNION ALL
    SELECT 'total' AS scope, NULL AS line_no, NULL AS tax_rate, NULL AS is_inclusive, t.amount, t.is_refund
    FROM taxes AS t
)

SELECT
    s.scope,
    s.line_no,
    s.tax_rate,
    s.is_inclusive,
    root.currency,
    coalesce(sum(s.amount) FILTER (WHERE NOT s.is_refund), 0) AS costs,
    coalesce(-sum(s.amount) FILTER (WHERE s.is_refund), 0) AS given_back,
    sum(s.amount) AS remaining
FROM scopes AS s
INNER JOIN billing.bills AS root ON root.bill_key = root_key
GROUP BY s.scope, s.line_no, s.tax_rate, s.is_inclusive, root.currency
$$;
COMMENT ON FUNCTION billing.left_to_give_back IS
'What a bill costs by all documents, what was given back of it and what remains: of each line and each charge (all its '
'tiers; line_no is its first), at each tax rate and of the bill, all before tax, and in total with tax.';
