-- Drops every trigger, view and function in the schemas of the product; what uses one of them goes with it.
DO $$
DECLARE
    dropping text;
BEGIN
    FOR dropping IN
        -- All named before the first is dropped, which may take others with it.
        SELECT unnest(array_agg(named.command)) FROM (
            SELECT format('DROP TRIGGER %I ON %s', t.tgname, CAST(t.tgrelid AS regclass))
            FROM pg_trigger AS t
            INNER JOIN pg_class AS c ON t.tgrelid = c.oid
            WHERE
                NOT t.tgisinternal
                AND t.tgparentid = 0
                AND CAST(CAST(c.relnamespace AS regnamespace) AS text)
                IN ('core', 'metering', 'billing', 'marketplace', 'reconciliation', 'reporting', 'operations')
            UNION ALL
            SELECT format('DROP VIEW IF EXISTS %s CASCADE', CAST(c.oid AS regclass))
            FROM pg_class AS c
            WHERE
                c.relkind = 'v'
                AND CAST(CAST(c.relnamespace AS regnamespace) AS text)
                IN (
                    'core', 'metering', 'billing', 'marketplace', 'reconciliation', 'reporting', 'operations', 'analytics'
                )
            UNION ALL
            SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', CAST(p.oid AS regprocedure))
            FROM pg_proc AS p
            WHERE
                CAST(CAST(p.pronamespace AS regnamespace) AS text)
                IN (
                    'core', 'metering', 'billing', 'marketplace', 'reconciliation', 'reporting', 'operations', 'analytics'
                )
        ) AS named (command)
    LOOP
        EXECUTE dropping;
    END LOOP;
END
$$;
