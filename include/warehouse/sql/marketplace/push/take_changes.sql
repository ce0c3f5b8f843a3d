-- Takes the notes of the newest days, and yields which subscriptions are to be added up by day. Included usage is
-- counted from the start of its stretch, so a day that changes may change all later days of the stretch.
WITH taken AS (
    DELETE FROM marketplace.agreement_changes
    WHERE
        -- An array, so that it is found once, whatever is known of the table's size.
        day_start = any(
            array(
                SELECT DISTINCT c.day_start FROM marketplace.agreement_changes AS c
                ORDER BY c.day_start DESC
                LIMIT :at_most
            )
        )
    RETURNING subscription_key, day_start
),

named AS MATERIALIZED (
    SELECT DISTINCT
        subscription_key,
        day_start
    FROM taken
),

included AS MATERIALIZED (
    SELECT
        b.subscription_key,
        l.line_start,
        l.line_end
    FROM billing.bill_lines AS l
    INNER JOIN billing.bills AS b ON l.bill_key = b.bill_key
    WHERE l.kind = 'included' AND l.corrects_bill_key IS NULL AND b.document = 'bill' AND b.state <> 'void'
),

later AS MATERIALIZED (
    SELECT
        n.subscription_key,
        min(n.day_start) AS day_start,
        i.line_end
    FROM named AS n
    INNER JOIN included AS i
        ON
            n.subscription_key = i.subscription_key
            AND n.day_start > i.line_start - interval '1 day'
            AND n.day_start < i.line_end
    GROUP BY n.subscription_key, i.line_end
),

changed AS (
    SELECT
        subscription_key,
        day_start
    FROM named
    UNION
    SELECT
        d.subscription_key,
        d.day_start
    FROM later AS t
    INNER JOIN marketplace.agreement_days AS d
        ON t.subscription_key = d.subscription_key AND t.day_start < d.day_start AND t.line_end > d.day_start
)

SELECT
    day_start,
    array_agg(subscription_key) AS subscription_keys
FROM changed
GROUP BY day_start
ORDER BY day_start
