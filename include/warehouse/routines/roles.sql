-- Roles are the cluster's, not the database's, so they may exist already. They have no password here: where the
-- server asks for one, its administrator sets it.
DO $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('akubill roles', 0));
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'billing_writer') THEN
        CREATE ROLE billing_writer LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'billing_analyst') THEN
        CREATE ROLE billing_analyst LOGIN;
    END IF;
    EXECUTE format('GRANT billing_writer, billing_analyst TO %I', current_user);
END
$$;
COMMENT ON ROLE billing_writer IS 'Does the product''s work: reads and writes rows, owns nothing.';
COMMENT ON ROLE billing_analyst IS 'Reads everything but credentials, writes nothing.';

GRANT USAGE ON SCHEMA core, metering, billing, reconciliation, reporting, operations, analytics
TO billing_writer, billing_analyst;
GRANT SELECT, INSERT, UPDATE, DELETE
ON ALL TABLES IN SCHEMA core, metering, billing, reconciliation, reporting, operations TO billing_writer;
GRANT SELECT ON ALL TABLES IN SCHEMA core, metering, billing, reconciliation, reporting, operations TO billing_analyst;
GRANT SELECT ON ALL TABLES IN SCHEMA analytics TO billing_writer, billing_analyst;
REVOKE ALL ON core.environment_credentials FROM billing_analyst;
REVOKE INSERT, UPDATE, DELETE ON TABLE public.alembic_version FROM PUBLIC;
GRANT SELECT ON TABLE public.alembic_version TO billing_writer, billing_analyst;
REVOKE ALL ON FUNCTION metering.ensure_partitions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION metering.ensure_partitions TO billing_writer;
REVOKE ALL ON FUNCTION metering.why_month_stays, metering.drop_month FROM PUBLIC;
GRANT EXECUTE ON FUNCTION metering.why_month_stays, metering.drop_month TO billing_writer;
