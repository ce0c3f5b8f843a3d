-- What became of the rows that held by themselves.
SELECT
    count(*) FILTER (WHERE rule IS NOT NULL) AS rejected,
    count(*) FILTER (WHERE rule IS NULL AND aku_seconds = known_aku_seconds) AS unchanged,
    count(*) FILTER (WHERE rule IS NULL AND known_aku_seconds IS NULL) AS inserted,
    count(*) FILTER (WHERE rule IS NULL AND aku_seconds <> known_aku_seconds) AS replaced,
    min(hour_start) FILTER (WHERE rule IS NULL) AS first_hour,
    max(hour_start) FILTER (WHERE rule IS NULL) AS last_hour
FROM judged_rows
