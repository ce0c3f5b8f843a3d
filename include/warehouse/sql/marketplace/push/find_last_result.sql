-- How the channel's last request ended; null where its run ended before the answer.
SELECT result FROM marketplace.push_attempts
WHERE channel = :channel
ORDER BY attempt_key DESC
LIMIT 1
