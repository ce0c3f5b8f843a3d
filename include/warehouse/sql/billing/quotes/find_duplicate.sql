-- An instance of a subscription and hour that the file has twice: the first and the last line of it.
SELECT
    instance_id,
    hour_start,
    min(line_no) AS first_line,
    max(line_no) AS last_line
FROM quoted_rows
GROUP BY subscription_id, instance_id, hour_start
HAVING count(*) > 1
ORDER BY max(line_no)
LIMIT 1
