-- A digest says that an hour's sums are those of its usage. A change of the sums, or of the usage behind them, that
-- does not take a new digest removes the old one, so that the two are compared again before the hour is billed.
CREATE FUNCTION metering.forget_digest() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    NEW.usage_digest := NULL;
    RETURN NEW;
END
$$;
CREATE TRIGGER forget_digest BEFORE UPDATE ON metering.subscription_hours
FOR EACH ROW WHEN (
    new.usage_digest IS NOT DISTINCT FROM old.usage_digest
    AND (
        new.instance_count, new.aku_seconds, new.inferred_aku_seconds, new.estimated_aku_seconds, new.gap_seconds,
        new.peak_aku, new.whole_hour_aku_seconds
    ) IS DISTINCT FROM (
        old.instance_count, old.aku_seconds, old.inferred_aku_seconds, old.estimated_aku_seconds, old.gap_seconds,
        old.peak_aku, old.whole_hour_aku_seconds
    )
)
EXECUTE FUNCTION metering.forget_digest();
COMMENT ON FUNCTION metering.forget_digest IS 'Forgets the digest of an hour whose sums change.';
CREATE FUNCTION metering.forget_digests() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    UPDATE metering.subscription_hours AS hours
    SET usage_digest = NULL
    FROM (SELECT DISTINCT changed.subscription_key, changed.hour_start FROM changed) AS touched
    WHERE
        hours.subscription_key = touched.subscription_key
        AND hours.hour_start = touched.hour_start
        AND hours.usage_digest IS NOT NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER forget_digests_of_changed AFTER UPDATE ON metering.usage
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION metering.forget_digests();
CREATE TRIGGER forget_digests_of_deleted AFTER DELETE ON metering.usage
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION metering.forget_digests();
COMMENT ON FUNCTION metering.forget_digests IS 'Forgets the digests of hours whose usage changes.';
