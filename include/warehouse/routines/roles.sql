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
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'marketplace_receiver') THEN
        CREATE ROLE marketplace_receiver LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'billing_pages') THEN
        CREATE ROLE billing_pages LOGIN;
    END IF;
    EXECUTE format('GRANT billing_writer, billing_analyst, marketplace_receiver, billing_pages TO %I', current_user);
    -- On one machine callbacks and pages are Airflow's too, whose login for the warehouse is the writer.
    GRANT marketplace_receiver, billing_pages TO billing_writer;
    GRANT billing_analyst TO billing_pages;
END
$$;
COMMENT ON ROLE billing_writer IS 'Does the product''s work: reads and writes rows, owns nothing.';
COMMENT ON ROLE billing_analyst IS 'Reads everything but credentials, writes nothing.';
COMMENT ON ROLE billing_pages IS 'Reads what the pages show, and rates for their explanations; keeps nothing.';
COMMENT ON ROLE marketplace_receiver IS 'Stores callbacks and counts refused ones; reads no event and no bill.';

GRANT USAGE ON SCHEMA core, metering, billing, marketplace, reconciliation, reporting, operations, analytics
TO billing_writer, billing_analyst;
GRANT SELECT, INSERT, UPDATE, DELETE
ON ALL TABLES IN SCHEMA core, metering, billing, marketplace, reconciliation, reporting, operations TO billing_writer;
GRANT SELECT
ON ALL TABLES IN SCHEMA core, metering, billing, marketplace, reconciliation, reporting, operations TO billing_analyst;
GRANT SELECT ON ALL TABLES IN SCHEMA analytics TO billing_writer, billing_analyst;
REVOKE ALL ON core.environment_credentials FROM billing_analyst;
-- The pages say how old a credential is, and rate a bill again in a transaction that is rolled back.
GRANT SELECT (environment_key, stored_at) ON core.environment_credentials TO billing_pages;
GRANT INSERT, DELETE ON billing.rating_segments, billing.rating_hours TO billing_pages;
REVOKE INSERT, UPDATE, DELETE ON TABLE public.alembic_version FROM PUBLIC;
GRANT SELECT ON TABLE public.alembic_version TO billing_writer, billing_analyst;
REVOKE ALL ON FUNCTION metering.ensure_partitions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION metering.ensure_partitions TO billing_writer;
REVOKE ALL ON FUNCTION metering.why_month_stays, metering.drop_month FROM PUBLIC;
GRANT EXECUTE ON FUNCTION metering.why_month_stays, metering.drop_month TO billing_writer;
GRANT USAGE ON SCHEMA marketplace TO marketplace_receiver;
GRANT INSERT (action, query, parameters, instance_id) ON marketplace.inbox TO marketplace_receiver;
GRANT SELECT, INSERT, UPDATE ON marketplace.refused_callbacks TO marketplace_receiver;
GRANT SELECT ON marketplace.ready_instances TO marketplace_receiver;
