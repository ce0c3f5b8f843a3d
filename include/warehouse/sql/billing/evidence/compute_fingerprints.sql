-- What each bill was made of and what came out, as SHA-256 by group of inputs, and one over these (form 3), for the
-- period's documents in these states, into bill_fingerprints of this transaction.
--
-- The same warehouse gives the same bytes, whenever and by whomever they are computed: each row is a JSON array, rows
-- have an order and end at a line break, instants are Unix seconds, amounts keep their places. Nothing that may follow
-- a bill counts: a later price version, an offer entered later, the next licence term, the release of a subscription.
CREATE TEMPORARY TABLE bill_fingerprints ON COMMIT DROP AS
WITH chosen AS MATERIALIZED (
    SELECT
        b.*,
        s.subscription_id,
        s.started_at,
        b.subscription_ended_at AS ended_at
    FROM billing.bills AS b
    INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
    WHERE
        b.period_start = :period_start
        AND b.period_end = :period_end
        AND b.state = any(:states)
),

-- Usage as it was billed: what is known of billed hours later waits in billing.late_usage.
hours AS (
    SELECT
        subscription_key,
        encode(
            sha256(
                convert_to(
                    string_agg(
                        -- Much faster than extract, and as exact for whole hours.
                        CAST(date_part('epoch', hour_start) AS bigint) || ' ' || aku_seconds, E'\n' ORDER BY hour_start
                    ),
                    'UTF8'
                )
            ),
            'hex'
        ) AS sha256
    FROM metering.subscription_hours
    WHERE
        hour_start >= :period_start
        AND hour_start < :period_end
        AND subscription_key IN (SELECT subscription_key FROM chosen)
    GROUP BY subscription_key
),

-- The same by instance, under the ids that it was billed for, and how it is known. There may be millions of rows, so
-- they are not put in an order: it is the count and the sum of their 64-bit hashes.
instances AS (
    SELECT
        u.subscription_key,
        concat_ws(
            ' ',
            count(*),
            sum(
                hashint8extended(
                    CAST(date_part('epoch', u.hour_start) AS bigint),
                    hashint8extended(
                        u.aku_seconds,
                        hashint8extended(
                            u.inferred_aku_seconds,
                            hashint8extended(u.estimated_aku_seconds, hashtextextended(u.source, i.known_as))
                        )
                    )
                )
            )
        ) AS text
    FROM metering.usage AS u
    INNER JOIN (
        SELECT
            named.instance_key,
            hashtextextended(named.instance_id, hashtextextended(e.environment_id, 0)) AS known_as
        FROM core.instances AS named
        INNER JOIN core.environments AS e ON named.environment_key = e.environment_key
    ) AS i ON u.instance_key = i.instance_key
    WHERE
        u.hour_start >= :period_start
        AND u.hour_start < :period_end
        AND u.subscription_key IN (SELECT subscription_key FROM chosen)
    GROUP BY u.subscription_key
),

-- Late usage that a document bills. While it is a draft, that is all that waits: for a note, what its bill has
-- waiting, for a bill, what any earlier one has.
adjustments AS (
    SELECT
        c.bill_key,
        string_agg(
            CAST(json_build_array(
                r.bill_id, i.instance_id, CAST(extract(EPOCH FROM a.hour_start) AS bigint), a.aku_seconds_before,
                a.aku_seconds_after
            ) AS text),
            E'\n' ORDER BY a.hour_start, i.instance_id, r.bill_id
        ) AS text
    FROM chosen AS c
    INNER JOIN billing.late_usage AS a ON c.subscription_key = a.subscription_key
    INNER JOIN billing.bills AS r
        ON
            a.bill_key = r.bill_key
            AND CASE
                WHEN c.state NOT IN ('draft', 'held') THEN a.applied_on_bill_key = c.bill_key
                WHEN c.corrects_bill_key IS NOT NULL THEN a.state = 'pending' AND r.bill_key = c.corrects_bill_key
                ELSE a.state = 'pending' AND r.period_start < c.period_start
            END
    INNER JOIN core.instances AS i ON a.instance_key = i.instance_key
    GROUP BY c.bill_key
),

licences AS (
    SELECT
        c.bill_key,
        string_agg(
            CAST(json_build_array(
                CAST(extract(EPOCH FROM l.term_start) AS bigint), CAST(extract(EPOCH FROM l.term_end) AS bigint),
                l.term_months, l.capacity_aku, l.price, l.currency
            ) AS text),
            E'\n' ORDER BY l.term_start
        ) AS text
    FROM chosen AS c
    INNER JOIN core.licences AS l
        ON
            c.subscription_key = l.subscription_key
            AND c.period_end > l.term_start
            AND c.period_start < l.term_end
    GROUP BY c.bill_key
),

offers AS (
    SELECT
        c.bill_key,
        string_agg(
            CAST(json_build_array(
                CAST(extract(EPOCH FROM o.effective_from) AS bigint),
                CAST(extract(EPOCH FROM o.effective_until) AS bigint),
                o.price_plan, o.discount_percent, extract(EPOCH FROM o.entered_at)
            ) AS text),
            E'\n' ORDER BY o.entered_at, o.effective_from
        ) AS text
    FROM chosen AS c
    INNER JOIN billing.private_offers AS o
        ON
            c.subscription_key = o.subscription_key
            AND c.drafted_at >= o.entered_at
            AND c.period_end > o.effective_from
            AND c.period_start < coalesce(o.effective_until, 'infinity')
    GROUP BY c.bill_key
),

-- Every version in force in the period, whether a line came of it or not: of the own plan, and of offers.
plans AS (
    SELECT
        bill_key,
        price_plan
    FROM chosen
    UNION
    SELECT
        c.bill_key,
        o.price_plan
    FROM chosen AS c
    INNER JOIN billing.private_offers AS o
        ON
            c.subscription_key = o.subscription_key
            AND c.drafted_at >= o.entered_at
            AND c.period_end > o.effective_from
            AND c.period_start < coalesce(o.effective_until, 'infinity')
    WHERE o.price_plan IS NOT NULL
),

in_force AS (
    SELECT
        c.bill_key,
        v.version_key
    FROM chosen AS c
    INNER JOIN plans ON c.bill_key = plans.bill_key
    INNER JOIN billing.price_plans AS p ON plans.price_plan = p.name
    INNER JOIN (
        SELECT
            version_key,
            plan_key,
            effective_from,
            lead(effective_from, 1, 'infinity') OVER (PARTITION BY plan_key ORDER BY effective_from) AS effective_until
        FROM billing.price_plan_versions
    ) AS v
        ON
            p.plan_key = v.plan_key
            AND c.period_end > v.effective_from
            AND c.period_start < v.effective_until
    UNION
    SELECT
        l.bill_key,
        l.version_key
    FROM billing.bill_lines AS l
    WHERE l.bill_key IN (SELECT bill_key FROM chosen)
),

-- A version is its file's text and the rows that rating joins.
versions AS MATERIALIZED (
    SELECT
        v.version_key,
        p.name,
        v.effective_from,
        encode(sha256(convert_to(concat_ws(
            E'\n',
            CAST(json_build_array(
                p.name, p.currency, p.time_zone, CAST(extract(EPOCH FROM v.effective_from) AS bigint), v.charge_every,
                v.rounding_digits, v.rounding_mode, v.model, v.flat_fee_at_zero, v.package_aku_seconds,
                v.included_aku_seconds, v.minimum_charge, v.maximum_charge, v.is_prorated, v.discount_percent,
                v.tax_rate, v.tax_is_inclusive, v.licence_price_per_aku_month, v.overage_price, v.source
            ) AS text),
            (
                SELECT
                    string_agg(CAST(json_build_array(
                        'tier', t.tier, t.up_to, t.up_to_aku_seconds, t.unit_price, t.flat_fee, t.price_scale,
                        t.scaled_price
                    ) AS text), E'\n' ORDER BY t.tier)
                FROM billing.price_tiers AS t
                WHERE t.version_key = v.version_key
            ),
            (
                SELECT
                    string_agg(
                        CAST(json_build_array('fee', f.fee_no, f.name, f.amount, f.is_prorated) AS text),
                        E'\n' ORDER BY f.fee_no
                    )
                FROM billing.price_fees AS f
                WHERE f.version_key = v.version_key
            )
        ), 'UTF8')), 'hex') AS sha256
    FROM billing.price_plan_versions AS v
    INNER JOIN billing.price_plans AS p ON v.plan_key = p.plan_key
),

prices AS (
    SELECT
        used.bill_key,
        string_agg(v.name || ' ' || v.sha256, E'\n' ORDER BY v.name, v.effective_from) AS text
    FROM in_force AS used
    INNER JOIN versions AS v ON used.version_key = v.version_key
    GROUP BY used.bill_key
),

lines AS (
    SELECT
        l.bill_key,
        string_agg(
            CAST(json_build_array(
                l.line_no, l.kind, l.tier, l.name, l.description, CAST(extract(EPOCH FROM l.line_start) AS bigint),
                CAST(extract(EPOCH FROM l.line_end) AS bigint), l.aku_seconds, l.quantity, l.unit, l.unit_price,
                l.exact_amount, l.amount, v.name, CAST(extract(EPOCH FROM v.effective_from) AS bigint), l.tax_rate,
                l.tax_is_inclusive, root.bill_id, said.bill_id, l.corrects_line_no, n.correction_id, l.reason
            ) AS text),
            E'\n' ORDER BY l.line_no
        ) AS text
    FROM billing.bill_lines AS l
    LEFT JOIN versions AS v ON l.version_key = v.version_key
    LEFT JOIN billing.bills AS root ON l.corrects_bill_key = root.bill_key
    LEFT JOIN billing.bills AS said ON l.corrects_document_key = said.bill_key
    LEFT JOIN billing.corrections AS n ON l.correction_key = n.correction_key
    WHERE l.bill_key IN (SELECT bill_key FROM chosen)
    GROUP BY l.bill_key
),

taxes AS (
    SELECT
        t.bill_key,
        string_agg(
            CAST(json_build_array(root.bill_id, t.tax_rate, t.is_inclusive, t.is_refund, t.base, t.amount) AS text),
            E'\n' ORDER BY root.bill_id, t.tax_rate, t.is_inclusive, t.is_refund
        ) AS text
    FROM billing.bill_taxes AS t
    INNER JOIN billing.bills AS root ON t.for_bill_key = root.bill_key
    WHERE t.bill_key IN (SELECT bill_key FROM chosen)
    GROUP BY t.bill_key
),

grouped AS (
    SELECT
        c.bill_key,
        coalesce(h.sha256, encode(sha256(''), 'hex')) AS hours,
        CAST(json_build_array(
            c.bill_id, c.document, root.bill_id, c.subscription_id,
            CAST(extract(EPOCH FROM c.period_start) AS bigint), CAST(extract(EPOCH FROM c.period_end) AS bigint),
            c.price_plan, c.currency
        ) AS text) AS identity,
        CAST(json_build_array(
            extract(EPOCH FROM greatest(c.started_at, c.period_start)),
            extract(EPOCH FROM least(c.ended_at, c.period_end))
        ) AS text) AS activity,
        CAST(json_build_array(c.aku_seconds, c.subtotal, c.tax, c.tax_included, c.total) AS text) AS sums,
        CAST(c.printed AS text) AS printed,
        coalesce(u.text, '') AS usage,
        coalesce(a.text, '') AS adjustments,
        coalesce(i.text, '') AS licences,
        coalesce(o.text, '') AS offers,
        coalesce(p.text, '') AS prices,
        coalesce(l.text, '') AS lines,
        coalesce(t.text, '') AS taxes
    FROM chosen AS c
    LEFT JOIN billing.bills AS root ON c.corrects_bill_key = root.bill_key
    LEFT JOIN hours AS h ON c.subscription_key = h.subscription_key
    LEFT JOIN instances AS u ON c.subscription_key = u.subscription_key
    LEFT JOIN adjustments AS a ON c.bill_key = a.bill_key
    LEFT JOIN licences AS i ON c.bill_key = i.bill_key
    LEFT JOIN offers AS o ON c.bill_key = o.bill_key
    LEFT JOIN prices AS p ON c.bill_key = p.bill_key
    LEFT JOIN lines AS l ON c.bill_key = l.bill_key
    LEFT JOIN taxes AS t ON c.bill_key = t.bill_key
),

hashed AS (
    SELECT
        bill_key,
        jsonb_build_object(
            'identity', encode(sha256(convert_to(identity, 'UTF8')), 'hex'),
            'activity', encode(sha256(convert_to(activity, 'UTF8')), 'hex'),
            'printed', encode(sha256(convert_to(printed, 'UTF8')), 'hex'),
            'usage', encode(sha256(convert_to(usage, 'UTF8')), 'hex'),
            'hours', hours,
            'adjustments', encode(sha256(convert_to(adjustments, 'UTF8')), 'hex'),
            'licences', encode(sha256(convert_to(licences, 'UTF8')), 'hex'),
            'prices', encode(sha256(convert_to(prices, 'UTF8')), 'hex'),
            'offers', encode(sha256(convert_to(offers, 'UTF8')), 'hex'),
            'lines', encode(sha256(convert_to(lines, 'UTF8')), 'hex'),
            'taxes', encode(sha256(convert_to(taxes, 'UTF8')), 'hex'),
            'sums', encode(sha256(convert_to(sums, 'UTF8')), 'hex')
        ) AS parts
    FROM grouped
)

SELECT
    bill_key,
    parts,
    -- The text of a JSONB object has its keys in one order.
    encode(sha256(convert_to('akubill bill, form 3' || E'\n' || CAST(parts AS text), 'UTF8')), 'hex') AS fingerprint
FROM hashed
