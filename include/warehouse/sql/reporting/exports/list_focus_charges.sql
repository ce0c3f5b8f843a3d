-- Every charge of the issued documents of a period (see document_list_due): lines, taxes that are not contained in
-- them, and what of a licence is the period's, whether it was used or not. Amounts as billed; who collects, and what
-- FOCUS calls each, is for the reader to say.
WITH
documents AS (
    SELECT * FROM billing.documents
    WHERE is_issued AND filed_in = :period
),

commitments AS (
    SELECT
        d.bill_key,
        sum(billing.licence_share(l.price, l.term_start, l.term_end, d.period_start, d.period_end)) AS share,
        sum(
            l.capacity_aku
            * extract(EPOCH FROM least(d.period_end, l.term_end) - greatest(d.period_start, l.term_start))
        ) AS capacity_seconds
    FROM documents AS d
    INNER JOIN core.licences AS l
        ON d.subscription_key = l.subscription_key AND d.period_start < l.term_end AND d.period_end > l.term_start
    WHERE d.document = 'bill'
    GROUP BY d.bill_key
),

lines AS (
    SELECT
        l.*,
        c.capacity_seconds,
        c.share,
        CASE
            WHEN l.kind = 'covered' AND l.corrects_bill_key IS NULL AND c.capacity_seconds > 0
                THEN round(c.share * l.aku_seconds / c.capacity_seconds, 9)
        END AS used_share,
        t.capacity_aku * extract(EPOCH FROM t.term_end - t.term_start) AS bought_seconds
    FROM documents AS d
    INNER JOIN billing.bill_lines AS l ON d.bill_key = l.bill_key
    LEFT JOIN commitments AS c ON l.bill_key = c.bill_key
    LEFT JOIN core.licences AS t
        ON
            d.subscription_key = t.subscription_key
            AND l.line_start = t.term_start
            AND l.quantity = t.capacity_aku * t.term_months
            AND l.kind = 'licence'
),

charges AS (
    SELECT
        l.bill_key,
        1 AS part,
        l.line_no AS number,
        CASE WHEN l.kind = 'refund' THEN coalesce(o.kind, 'usage') ELSE l.kind END AS kind,
        l.kind = 'refund' AS is_refund,
        l.corrects_bill_key IS NOT NULL AS is_correction,
        l.tier,
        concat_ws('. ', l.description, l.reason) AS description,
        l.line_start AS charge_start,
        l.line_end AS charge_end,
        l.quantity,
        l.unit,
        l.unit_price,
        l.amount,
        coalesce(l.used_share, 0) AS share,
        CASE
            WHEN l.kind = 'licence' THEN l.bought_seconds
            WHEN l.kind = 'covered' THEN l.aku_seconds
        END AS commitment_seconds,
        l.metered_aku_seconds,
        l.tax_rate,
        l.tax_is_inclusive
    FROM lines AS l
    LEFT JOIN billing.bill_lines AS o ON l.corrects_document_key = o.bill_key AND l.corrects_line_no = o.line_no
    UNION ALL
    SELECT
        c.bill_key,
        2 AS part,
        1 AS number,
        'unused' AS kind,
        FALSE AS is_refund,
        FALSE AS is_correction,
        NULL AS tier,
        'Unused capacity of the licence' AS description,
        d.period_start AS charge_start,
        d.period_end AS charge_end,
        round((c.capacity_seconds - coalesce(u.aku_seconds, 0)) / 3600, 6) AS quantity,
        'AKU-hour' AS unit,
        0 AS unit_price,
        0 AS amount,
        c.share - coalesce(u.used_share, 0) AS share,
        c.capacity_seconds - coalesce(u.aku_seconds, 0) AS commitment_seconds,
        0 AS metered_aku_seconds,
        0 AS tax_rate,
        FALSE AS tax_is_inclusive
    FROM commitments AS c
    INNER JOIN documents AS d ON c.bill_key = d.bill_key
    LEFT JOIN (
        SELECT
            bill_key,
            sum(aku_seconds) AS aku_seconds,
            sum(used_share) AS used_share
        FROM lines
        WHERE used_share IS NOT NULL
        GROUP BY bill_key
    ) AS u ON c.bill_key = u.bill_key
    UNION ALL
    SELECT
        t.bill_key,
        3 AS part,
        row_number() OVER (PARTITION BY t.bill_key ORDER BY t.for_bill_key, t.tax_rate, t.is_refund) AS number,
        'tax' AS kind,
        t.is_refund,
        t.for_bill_key <> t.bill_key AS is_correction,
        NULL AS tier,
        format('Tax of %s %%', trim_scale(t.tax_rate * 100)) AS description,
        r.period_start AS charge_start,
        r.period_end AS charge_end,
        NULL AS quantity,
        NULL AS unit,
        NULL AS unit_price,
        t.amount,
        0 AS share,
        NULL AS commitment_seconds,
        0 AS metered_aku_seconds,
        t.tax_rate,
        FALSE AS tax_is_inclusive
    FROM billing.bill_taxes AS t
    INNER JOIN documents AS d ON t.bill_key = d.bill_key
    INNER JOIN billing.bills AS r ON t.for_bill_key = r.bill_key
    WHERE NOT t.is_inclusive
)

SELECT
    d.bill_id,
    d.document,
    d.total AS document_total,
    d.currency,
    d.price_plan,
    -- A note belongs to the calendar month in which it was issued.
    CASE
        WHEN d.document = 'bill' THEN d.period_start
        ELSE date_trunc('month', d.issued_at AT TIME ZONE d.time_zone) AT TIME ZONE d.time_zone
    END AS period_start,
    CASE
        WHEN d.document = 'bill' THEN d.period_end
        ELSE (date_trunc('month', d.issued_at AT TIME ZONE d.time_zone) + interval '1 month') AT TIME ZONE d.time_zone
    END AS period_end,
    f.account_id,
    d.subscription_id,
    f.environment_name,
    f.environment_id,
    f.region,
    f.department,
    f.product,
    c.kind,
    c.is_refund,
    c.is_correction,
    c.tier,
    c.description,
    c.charge_start,
    c.charge_end,
    c.quantity,
    c.unit,
    c.unit_price,
    c.amount,
    c.share,
    c.commitment_seconds,
    c.metered_aku_seconds,
    c.tax_rate,
    c.tax_is_inclusive
FROM charges AS c
INNER JOIN documents AS d ON c.bill_key = d.bill_key
INNER JOIN billing.printed_parties AS f ON d.bill_key = f.bill_key
ORDER BY d.subscription_id, d.issued_at, d.bill_id, c.part, c.number
