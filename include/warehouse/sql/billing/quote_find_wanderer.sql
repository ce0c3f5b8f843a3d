-- An instance that the file gives to two subscriptions.
SELECT
    instance_id,
    min(subscription_id) AS one,
    max(subscription_id) AS other,
    max(line_no) AS last_line
FROM quoted_rows
GROUP BY instance_id
HAVING count(DISTINCT subscription_id) > 1
ORDER BY max(line_no)
LIMIT 1
