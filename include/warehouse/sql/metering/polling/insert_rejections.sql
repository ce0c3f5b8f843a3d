-- Keeps what was rejected of the polls that were entered, each once.
INSERT INTO metering.rejections (source, natural_key, rule, facts, payload, environment_key, rejected_at)
SELECT
    'reading' AS source,
    concat_ws(
        '/', 'reading', rejected.environment_key, rejected.instance_id,
        to_char(rejected.observed_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), rejected.rule
    ) AS natural_key,
    rejected.rule,
    rejected.facts,
    rejected.payload,
    rejected.environment_key,
    rejected.observed_at AS rejected_at
FROM staged_rejections AS rejected
INNER JOIN staged_polls AS polls
    ON rejected.environment_key = polls.environment_key AND rejected.observed_at = polls.observed_at
ON CONFLICT (natural_key) DO NOTHING
