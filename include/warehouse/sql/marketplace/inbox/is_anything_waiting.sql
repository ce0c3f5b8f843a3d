SELECT count(*) > 0
FROM (
    SELECT FROM marketplace.inbox
    WHERE state = 'received' AND (next_try_at IS NULL OR next_try_at <= clock_timestamp())
    LIMIT 1
) AS waiting
