-- SHA-256 of each group of inputs of each document, beginning with its usage; a group without rows has none.
--
-- Usage is as it was billed: what is known of billed hours later waits in billing.late_usage. By hour, of the
-- subscription; and by instance, under the ids that it was billed for, with how it is known. Of these there may be
-- millions of rows, so they are not put in an order: it is the count and the sum of their 64-bit hashes.
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
        AND subscription_key IN (SELECT subscription_key FROM fingerprinted_bills)
    GROUP BY subscription_key
),

instances AS (
    SELECT
        u.subscription_key,
        concat_ws(
            ' ',
            count(*),
            sum(
                hashint8extended(
                    CAST(date_part('epoch', u.hour_start) AS bigint),
                    hashint8extended(
                        u.aku_seconds,
                        hashint8extended(
                            u.inferred_aku_seconds,
                            hashint8extended(
                                u.estimated_aku_seconds,
                                hashint4extended(
                                    u.peak_aku, hashint4extended(u.used_seconds, hashtextextended(u.source, i.known_as))
                                )
                            )
                        )
                    )
                )
            )
        ) AS text
    FROM metering.usage AS u
    INNER JOIN (
        SELECT
            named.instance_key,
            hashtextextended(named.instance_id, hashtextextended(e.environment_id, 0)) AS known_as
        FROM metering.instances AS named
        INNER JOIN core.environments AS e ON named.environment_key = e.environment_key
    ) AS i ON u.instance_key = i.instance_key
    WHERE
        u.hour_start >= :period_start
        AND u.hour_start < :period_end
        AND u.subscription_key IN (SELECT subscription_key FROM fingerprinted_bills)
    GROUP BY u.subscription_key
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
