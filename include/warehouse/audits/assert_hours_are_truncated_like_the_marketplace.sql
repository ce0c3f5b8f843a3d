-- Where each hour is charged on its own and cut down, as the Marketplace does, a usage line is the sum of its hours:
-- usage × price, cut to the version's digits. Computed here by that plain formula, hour by hour, not as rating does;
-- for one price per AKU-hour from the first second on, which is what the Marketplace can charge: not beside a licence,
-- which covers a part of what was used.
WITH charged AS (
    SELECT
        l.bill_key,
        l.line_no,
        b.subscription_key,
        l.line_start,
        l.line_end,
        l.amount,
        l.unit_price,
        v.rounding_digits,
        v.hour_measure
    FROM billing.period_bills(:period_start, :period_end, :states, :subscriptions) AS b
    INNER JOIN billing.bill_lines AS l ON b.bill_key = l.bill_key AND l.corrects_bill_key IS NULL AND l.kind = 'usage'
    INNER JOIN billing.price_plan_versions AS v ON l.version_key = v.version_key
    WHERE
        v.charge_every = 'hour'
        AND v.rounding_mode = 'down'
        AND v.model = 'per_unit'
        AND v.included_aku_seconds = 0
        AND v.licence_price_per_aku_month IS NULL
        AND NOT EXISTS (
            SELECT FROM core.licences AS licensed
            WHERE
                licensed.subscription_key = b.subscription_key
                AND licensed.term_start < b.period_end
                AND licensed.term_end > b.period_start
        )
),

recomputed AS (
    SELECT
        c.bill_key,
        c.line_no,
        c.amount,
        coalesce(
            sum(
                trunc(
                    billing.charged_aku_seconds(
                        c.hour_measure, h.aku_seconds, h.peak_aku, h.whole_hour_aku_seconds
                    ) * c.unit_price / 3600,
                    c.rounding_digits
                )
            ), 0
        ) AS plain_amount
    FROM charged AS c
    LEFT JOIN metering.subscription_hours AS h
        ON
            c.subscription_key = h.subscription_key
            AND c.line_start <= h.hour_start
            AND c.line_end > h.hour_start
            AND h.hour_start >= :period_start
            AND h.hour_start < :period_end
    GROUP BY c.bill_key, c.line_no, c.amount
)

SELECT
    bill_key,
    jsonb_build_object(
        'line_no', min(line_no),
        'amount', CAST(min(amount) AS text),
        'truncated_amount', CAST(min(plain_amount) AS text)
    ) AS facts
FROM recomputed
WHERE amount <> plain_amount
GROUP BY bill_key
