-- Makes the monthly partitions (UTC) of the partitioned tables that hold [first, last). Runs with the owner's rights,
-- so that the writer role can ask for partitions without owning tables.
CREATE FUNCTION metering.ensure_partitions(first timestamptz, last timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET timezone = 'UTC' AS $$
DECLARE
    month timestamp := date_trunc('month', first AT TIME ZONE 'UTC');
    schema text;
    parent text;
    partition text;
BEGIN
    IF last > first + interval '5 years' THEN
        RAISE EXCEPTION 'Partitions from % to % are more than five years of them', first, last
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Check the years.';
    END IF;
    WHILE month < last AT TIME ZONE 'UTC' LOOP
        FOR schema, parent IN
            SELECT * FROM (
                VALUES
                ('metering', 'polls'), ('metering', 'readings'), ('metering', 'usage'),
                ('metering', 'subscription_hours'),
                -- What refers to records comes after them.
                ('marketplace', 'push_records'), ('marketplace', 'push_attempt_records')
            ) AS partitioned
        LOOP
            partition := parent || to_char(month, '_YYYY_MM');
            IF to_regclass(format('%I.%I', schema, partition)) IS NULL THEN
                -- Two runs may want the same partition at once.
                PERFORM pg_advisory_xact_lock(hashtextextended(schema || '.' || partition, 0));
                IF to_regclass(format('%I.%I', schema, partition)) IS NULL THEN
                    EXECUTE format(
                        'CREATE TABLE %I.%I PARTITION OF %I.%I FOR VALUES FROM (%L) TO (%L)',
                        schema, partition, schema, parent,
                        month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC'
                    );
                END IF;
            END IF;
        END LOOP;
        month := month + interval '1 month';
    END LOOP;
END
$$;
COMMENT ON FUNCTION metering.ensure_partitions IS
'Makes the monthly partitions of polls, readings, usage, its sums and records of pushes that hold [first, last), where '
'they are missing.';
