-- What one hour of an instance adds to the digest of its subscription's hour: a 64-bit hash of its usage and of how it
-- is known, under the ids that it has.
CREATE FUNCTION metering.usage_hash(
    environment_id text,
    instance_id text,
    hour_start timestamptz,
    aku_seconds bigint,
    inferred_aku_seconds bigint,
    estimated_aku_seconds bigint,
    peak_aku integer,
    used_seconds integer,
    source text
) RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE RETURN
hashint8extended(
    -- Much faster than extract, and as exact for whole hours.
    CAST(date_part('epoch', hour_start) AS bigint),
    hashint8extended(
        aku_seconds,
        hashint8extended(
            inferred_aku_seconds,
            hashint8extended(
                estimated_aku_seconds,
                hashint4extended(
                    peak_aku,
                    hashint4extended(
                        used_seconds,
                        hashtextextended(source, hashtextextended(instance_id, hashtextextended(environment_id, 0)))
                    )
                )
            )
        )
    )
);
COMMENT ON FUNCTION metering.usage_hash IS
'What an hour of an instance adds to the digest of its subscription''s hour.';
