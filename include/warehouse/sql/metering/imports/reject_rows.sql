-- Puts the first rows that the warehouse could not take beside those that broke a rule by themselves.
INSERT INTO staged_rejections (row_number, rule, facts, payload)
SELECT
    judged.row_number,
    judged.rule,
    jsonb_strip_nulls(
        jsonb_build_object(
            'row_number', judged.row_number,
            'subscription_id', who.subscription_id,
            'instance_id', who.instance_id,
            'hour', judged.hour_start,
            'aku_seconds', judged.aku_seconds,
            'started_at', who.started_at,
            'ended_at', who.ended_at,
            'first_row', judged.first_row,
            'known_aku_seconds', judged.known_aku_seconds
        )
    ) AS facts,
    jsonb_build_object(
        'subscription_id', who.subscription_id,
        'instance_id', who.instance_id,
        'hour', hours.written,
        'aku_seconds', judged.aku_seconds
    ) AS payload
FROM classified_rows AS judged
INNER JOIN staged_instances AS who ON judged.pair = who.pair
CROSS JOIN LATERAL (SELECT to_char(judged.hour_start, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS written) AS hours
WHERE judged.rule IS NOT NULL
ORDER BY judged.row_number
LIMIT :most_rejections
