-- SHA-256 of each group of inputs of each document, beginning with its usage; a group without rows has none.
--
-- Usage is as it was billed: what is known of billed hours later waits in billing.late_usage. By hour, of the
-- subscription; and by instance, under the ids that it was billed for, with how it is known: the count and the sum of
-- the hashes (metering.usage_hash), as they were taken when the hours were added up, or from the usage itself.
CREATE TEMPORARY TABLE fingerprint_parts ON COMMIT DROP AS
WITH hours AS (
    SELECT
        subscription_key,
        string_agg(
            -- Much faster than extract, and as exact for whole hours.
            CAST(date_part('epoch', hour_start) AS bigint) || ' ' || aku_seconds || ' ' || peak_aku || ' '
            || whole_hour_aku_seconds,
            E'\n' ORDER BY hour_start
        ) AS text
    FROM metering.subscription_hours
    WHERE
        hour_start >= :period_start
        AND hour_start < :period_end
        AND subscription_key = any(CAST(:subscriptions AS bigint[]))
    GROUP BY subscription_key
),

instances AS (
    SELECT
        subscription_key,
        concat_ws(' ', sum(instance_count), sum(usage_digest)) AS text
    FROM metering.subscription_hours
    WHERE
        NOT CAST(:from_usage AS boolean)
        AND hour_start >= :period_start
        AND hour_start < :period_end
        AND subscription_key = any(CAST(:subscriptions AS bigint[]))
    GROUP BY subscription_key
    UNION ALL
    SELECT
        subscription_key,
        concat_ws(' ', sum(instance_count), sum(usage_digest)) AS text
    FROM metering.summed_usage(:period_start, :period_end, :subscriptions)
    WHERE CAST(:from_usage AS boolean)
    GROUP BY subscription_key
)

SELECT
    c.bill_key,
    'hours' AS part,
    billing.sha256_hex(h.text) AS digest
FROM fingerprinted_bills AS c
INNER JOIN hours AS h ON c.subscription_key = h.subscription_key
UNION ALL
SELECT
    c.bill_key,
    'usage' AS part,
    billing.sha256_hex(u.text) AS digest
FROM fingerprinted_bills AS c
INNER JOIN instances AS u ON c.subscription_key = u.subscription_key
