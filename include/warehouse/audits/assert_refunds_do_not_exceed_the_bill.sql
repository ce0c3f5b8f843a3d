-- Refunds give back no more than a bill costs after all its corrections: not of a charge, not at a tax rate, and not of
-- the bill, with or without tax. Asked of each bill, and of those that it corrects. What a person agreed to about a
-- bill is left out on every document, until that bill's costs or refunds change.
WITH chosen AS (
    SELECT * FROM billing.period_bills(:period_start, :period_end, :states, :subscriptions)
),

refunded AS (
    SELECT bill_key FROM billing.corrections
    WHERE cause = 'refund'
),

roots AS (
    SELECT
        c.bill_key,
        l.corrects_bill_key AS root_key
    FROM chosen AS c
    INNER JOIN billing.bill_lines AS l ON c.bill_key = l.bill_key
    WHERE l.corrects_bill_key IN (SELECT r.bill_key FROM refunded AS r)
    UNION
    SELECT
        c.bill_key,
        c.bill_key AS root_key
    FROM chosen AS c
    WHERE c.bill_key IN (SELECT r.bill_key FROM refunded AS r)
),

overdrawn AS (
    SELECT DISTINCT ON (r.bill_key, r.root_key)
        r.bill_key,
        r.root_key,
        o.*
    FROM roots AS r
    CROSS JOIN billing.left_to_give_back(r.root_key, r.bill_key) AS o
    WHERE o.given_back > 0 AND o.remaining < 0 AND o.scope <> 'line'
    ORDER BY
        r.bill_key ASC,
        r.root_key ASC,
        array_position(ARRAY['total', 'bill', 'rate', 'charge'], o.scope) ASC,
        o.line_no ASC,
        o.tax_rate ASC
),

described AS (
    SELECT
        o.bill_key,
        root.bill_id,
        root.subscription_key,
        jsonb_build_object(
            'scope', o.scope,
            'bill_id', root.bill_id,
            'line_no', o.line_no,
            'tax_rate', CAST(o.tax_rate AS text),
            'costs', CAST(o.costs AS text),
            'given_back', CAST(o.given_back AS text),
            'currency', o.currency
        ) AS facts
    FROM overdrawn AS o
    INNER JOIN billing.bills AS root ON o.root_key = root.bill_key
)

SELECT
    d.bill_key,
    jsonb_build_object('each', jsonb_agg(d.facts ORDER BY d.bill_id)) AS facts
FROM described AS d
WHERE
    NOT EXISTS (
        SELECT FROM billing.waivers AS w
        WHERE
            w.subscription_key = d.subscription_key
            AND w.finding = 'refunds_do_not_exceed_the_bill'
            AND w.facts -> 'each' @> jsonb_build_array(d.facts)
    )
GROUP BY d.bill_key
