-- What a text names: subscriptions by any of their ids, or a part of one; records by their number, or by the id of a
-- request that had them. At most a thousand of each.
SELECT
    array(
        SELECT s.subscription_key
        FROM core.subscriptions AS s
        LEFT JOIN core.environments AS e ON s.subscription_key = e.subscription_key
        WHERE
            position(
                lower(:search) IN lower(
                    concat_ws(
                        ' ', s.subscription_id, s.order_id, s.marketplace_instance_id, s.service_instance_id,
                        s.account_id, s.environment_name, e.environment_id
                    )
                )
            ) > 0
        ORDER BY s.subscription_key
        LIMIT 1000
    ) AS subscription_keys,
    array(
        SELECT m.record_key
        FROM marketplace.push_attempts AS a
        INNER JOIN marketplace.push_attempt_records AS m ON a.attempt_key = m.attempt_key
        WHERE a.request_id = :search
        ORDER BY m.record_key
        LIMIT 1000
    ) || CASE WHEN :search ~ '^[0-9]{1,18}$' THEN ARRAY[CAST(:search AS bigint)] ELSE '{}' END AS record_keys
