-- Keeps the rows that the warehouse could not take, each with the rule it breaks and what to do.
INSERT INTO metering.rejections (
    source, natural_key, rule, sentence, payload, import_key, row_number, rejected_at
)
SELECT
    'import' AS source,
    format('import/%s/%s', CAST(:file_sha256 AS text), judged.row_number) AS natural_key,
    judged.rule,
    format('Row %s: ', judged.row_number) || CASE judged.rule
        WHEN 'unknown_subscription'
            THEN format('subscription %s is not known. Check the id, or onboard it first.', who.subscription_id)
        WHEN 'no_environment'
            THEN format('subscription %s has no environment. Finish its onboarding first.', who.subscription_id)
        WHEN 'before_start'
            THEN format(
                'hour %s lies before subscription %s started at %s. Check the hour, or its start.',
                hours.written, who.subscription_id, to_char(who.started_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
            )
        WHEN 'after_end'
            THEN format(
                'hour %s lies after subscription %s ended at %s. Check the hour.',
                hours.written, who.subscription_id, to_char(who.ended_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
            )
        WHEN 'duplicate_row'
            THEN format(
                'hour %s of instance %s is in row %s already, and that one counts. Keep one of them.',
                hours.written, who.instance_id, judged.first_row
            )
        WHEN 'already_measured'
            THEN format(
                'hour %s of instance %s was measured as %s AKU-seconds; the file says %s. '
                'Measurements win; look at its readings if you doubt them. Should the hour turn out not to be '
                'measured, the file counts.',
                hours.written, who.instance_id, judged.known_aku_seconds, judged.aku_seconds
            )
    END AS sentence,
    jsonb_build_object(
        'subscription_id', who.subscription_id,
        'instance_id', who.instance_id,
        'hour', hours.written,
        'aku_seconds', judged.aku_seconds
    ) AS payload,
    CAST(:import_key AS bigint) AS import_key,
    judged.row_number,
    CAST(:rejected_at AS timestamptz) AS rejected_at
FROM classified_rows AS judged
INNER JOIN staged_instances AS who ON judged.pair = who.pair
CROSS JOIN LATERAL (SELECT to_char(judged.hour_start, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS written) AS hours
WHERE judged.rule IS NOT NULL
