-- SHA-256 over a canonical text of what a bill was made of and what came out, for the period's bills in these states,
-- into bill_fingerprints of this transaction. The same warehouse gives the same bytes, whenever and by whomever it is
-- computed: instants are Unix seconds, numbers are the database's plain text, every list has an order.
CREATE TEMPORARY TABLE bill_fingerprints ON COMMIT DROP AS
WITH chosen AS (
    SELECT
        b.*,
        s.subscription_id
    FROM billing.bills AS b
    INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
    WHERE
        b.period_start = :period_start
        AND b.period_end = :period_end
        AND b.state = any(:states)
),

hours AS (
    SELECT
        subscription_key,
        hour_start,
        sum(CAST(aku_seconds AS integer)) AS aku_seconds
    FROM metering.usage
    WHERE
        hour_start >= :period_start
        AND hour_start < :period_end
    GROUP BY hour_start, subscription_key
),

used AS (
    SELECT
        subscription_key,
        encode(
            sha256(
                convert_to(
                    string_agg(
                        CAST(date_part('epoch', hour_start) AS bigint) || ' ' || aku_seconds, E'\n' ORDER BY hour_start
                    ),
                    'UTF8'
                )
            ),
            'hex'
        ) AS hours_sha256
    FROM hours
    WHERE subscription_key IN (SELECT subscription_key FROM chosen)
    GROUP BY subscription_key
),

lines AS (
    SELECT
        l.bill_key,
        string_agg(
            concat_ws(
                '|', 'line', l.line_no, l.kind, l.tier, CAST(extract(EPOCH FROM l.line_start) AS bigint),
                CAST(extract(EPOCH FROM l.line_end) AS bigint), l.aku_seconds, l.quantity, l.unit, l.unit_price,
                l.exact_amount, l.amount, v.source
            ),
            E'\n' ORDER BY l.line_no
        ) AS text
    FROM billing.bill_lines AS l
    LEFT JOIN billing.price_plan_versions AS v ON l.version_key = v.version_key
    WHERE l.bill_key IN (SELECT bill_key FROM chosen)
    GROUP BY l.bill_key
)

SELECT
    c.bill_key,
    encode(
        sha256(
            convert_to(
                concat_ws(
                    E'\n',
                    'akubill bill, form 1',
                    concat_ws(
                        '|', c.bill_id, c.subscription_id, CAST(extract(EPOCH FROM c.period_start) AS bigint),
                        CAST(extract(EPOCH FROM c.period_end) AS bigint), c.price_plan, c.currency
                    ),
                    concat_ws('|', 'hours', coalesce(u.hours_sha256, 'none')),
                    l.text,
                    concat_ws('|', 'sums', c.aku_seconds, c.subtotal, c.tax, c.total)
                ),
                'UTF8'
            )
        ),
        'hex'
    ) AS fingerprint
FROM chosen AS c
LEFT JOIN used AS u ON c.subscription_key = u.subscription_key
LEFT JOIN lines AS l ON c.bill_key = l.bill_key
