-- The roles' rights on what this revision made (see 0001_house/9_roles.sql).
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA billing TO billing_writer;
GRANT SELECT ON ALL TABLES IN SCHEMA billing TO billing_analyst;
GRANT USAGE ON SCHEMA analytics TO billing_writer, billing_analyst;
GRANT SELECT ON ALL TABLES IN SCHEMA analytics TO billing_writer, billing_analyst;
