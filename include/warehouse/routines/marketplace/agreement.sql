-- Where each AKU-second went, by subscription and hour: what is metered is covered by a licence, or in the ledger with
-- one outcome, in whole units of the marketplace; what is left of these is carried on. The rest is the difference:
-- usage that no record has, or that became known after its record was made.
--
-- What the price plan includes is reported like all other usage and costs nothing, so it is apart from the outcomes: of
-- each stretch for which the bill has included usage, the first so many AKU-seconds that are in the ledger.
--
-- Both sides are put one below the other and summed, so that PostgreSQL looks only at the hours that are asked for.
CREATE VIEW marketplace.agreement AS
WITH sides AS (
    SELECT
        u.subscription_key,
        u.hour_start,
        u.aku_seconds AS metered,
        NULL AS outcome,
        0 AS sent,
        0 AS recorded,
        0 AS records
    FROM metering.subscription_hours AS u
    UNION ALL
    SELECT
        r.subscription_key,
        r.hour_start,
        0 AS metered,
        r.outcome,
        r.units * r.unit_seconds AS sent,
        r.quantity AS recorded,
        1 AS records
    FROM marketplace.push_records AS r
),

hours AS (
    SELECT
        subscription_key,
        hour_start,
        sum(metered) AS metered,
        coalesce(sum(sent) FILTER (WHERE outcome IN ('accepted', 'duplicate_same')), 0) AS accepted,
        coalesce(sum(sent) FILTER (WHERE outcome = 'expected'), 0) AS expected,
        coalesce(sum(sent) FILTER (WHERE outcome IN ('unknown', 'duplicate_different')), 0) AS unknown,
        coalesce(sum(sent) FILTER (WHERE outcome = 'missed'), 0) AS missed,
        coalesce(sum(sent) FILTER (WHERE outcome = 'refused'), 0) AS refused,
        coalesce(sum(sent) FILTER (WHERE outcome IN ('pending', 'sending', 'not_sent')), 0) AS waiting,
        sum(recorded - sent) AS carried,
        sum(recorded) AS recorded,
        sum(records) AS records
    FROM sides
    GROUP BY subscription_key, hour_start
),

included AS (
    SELECT
        b.subscription_key,
        l.line_start,
        l.line_end,
        l.metered_aku_seconds AS aku_seconds
    FROM billing.bills AS b
    INNER JOIN billing.bill_lines AS l ON b.bill_key = l.bill_key
    WHERE b.document = 'bill' AND b.state <> 'void' AND l.kind = 'included' AND l.corrects_bill_key IS NULL
)

SELECT
    h.subscription_key,
    s.subscription_id,
    h.hour_start,
    h.metered,
    CASE WHEN s.payment = 'prepaid' THEN h.metered ELSE 0 END AS licensed,
    f.free,
    h.accepted - least(h.accepted, f.free) AS accepted,
    h.expected - least(h.expected, greatest(f.free - h.accepted, 0)) AS expected,
    h.unknown - least(h.unknown, greatest(f.free - h.accepted - h.expected, 0)) AS unknown,
    h.missed - least(h.missed, greatest(f.free - h.accepted - h.expected - h.unknown, 0)) AS missed,
    h.refused - least(h.refused, greatest(f.free - h.accepted - h.expected - h.unknown - h.missed, 0)) AS refused,
    h.waiting - greatest(f.free - h.accepted - h.expected - h.unknown - h.missed - h.refused, 0) AS waiting,
    h.carried,
    CASE WHEN s.payment = 'prepaid' THEN 0 ELSE h.metered END - h.recorded AS difference,
    h.records
FROM hours AS h
INNER JOIN core.subscriptions AS s ON h.subscription_key = s.subscription_key
LEFT JOIN
    included AS i
    ON h.subscription_key = i.subscription_key AND h.hour_start >= i.line_start AND h.hour_start < i.line_end
CROSS JOIN
    LATERAL (
        SELECT
            CASE
                WHEN i.subscription_key IS NULL THEN 0
                ELSE greatest(
                    0,
                    least(
                        h.metered,
                        h.recorded - h.carried,
                        i.aku_seconds - (
                            SELECT coalesce(sum(u.aku_seconds), 0)
                            FROM metering.subscription_hours AS u
                            WHERE
                                u.subscription_key = h.subscription_key
                                AND u.hour_start >= i.line_start
                                AND u.hour_start < h.hour_start
                        )
                    )
                )
            END AS free
        -- Computed once, and only where it is asked for.
        FROM (VALUES (1)) AS once (no)
        OFFSET 0
    ) AS f;
COMMENT ON VIEW marketplace.agreement IS
'Where the AKU-seconds of each subscription''s hours went: metered = licensed + free + accepted + expected + unknown'
' + missed + refused + waiting + carried + difference.';
COMMENT ON COLUMN marketplace.agreement.subscription_key IS 'Subscription.';
COMMENT ON COLUMN marketplace.agreement.subscription_id IS 'Its public id.';
COMMENT ON COLUMN marketplace.agreement.hour_start IS 'Start of the UTC hour.';
COMMENT ON COLUMN marketplace.agreement.metered IS 'AKU-seconds that are known of the hour now.';
COMMENT ON COLUMN marketplace.agreement.licensed IS 'Of these, usage of a prepaid subscription, which is not reported.';
COMMENT ON COLUMN marketplace.agreement.free IS
'AKU-seconds in the ledger that the price plan includes, by the bill; the outcomes are without these.';
COMMENT ON COLUMN marketplace.agreement.accepted IS 'AKU-seconds that the marketplace took.';
COMMENT ON COLUMN marketplace.agreement.expected IS 'AKU-seconds that the marketplace counts itself.';
COMMENT ON COLUMN marketplace.agreement.unknown IS 'AKU-seconds that the marketplace may have or not.';
COMMENT ON COLUMN marketplace.agreement.missed IS 'AKU-seconds that were too late, or written off.';
COMMENT ON COLUMN marketplace.agreement.refused IS 'AKU-seconds that the marketplace refused.';
COMMENT ON COLUMN marketplace.agreement.waiting IS 'AKU-seconds that are pending, being sent or not sent.';
COMMENT ON COLUMN marketplace.agreement.carried IS
'AKU-seconds that no whole unit of the marketplace had, carried to the next hour; less what the hour before left.';
COMMENT ON COLUMN marketplace.agreement.difference IS
'Metered, and in none of the others; negative where less is known now than was recorded.';
COMMENT ON COLUMN marketplace.agreement.records IS 'How many records of the ledger the hour has.';
