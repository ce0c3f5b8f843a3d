-- What became of the rows that held by themselves.
SELECT
    CAST(coalesce(sum(rejected), 0) AS bigint) AS rejected,
    CAST(coalesce(sum(billed), 0) AS bigint) AS billed,
    CAST(coalesce(sum(unchanged), 0) AS bigint) AS unchanged,
    CAST(coalesce(sum(inserted), 0) AS bigint) AS inserted,
    CAST(coalesce(sum(replaced), 0) AS bigint) AS replaced,
    CAST(coalesce(sum(metered), 0) AS bigint) AS metered,
    CAST(coalesce(sum(estimated), 0) AS bigint) AS estimated,
    min(first_hour) AS first_hour,
    max(last_hour) AS last_hour
FROM staged_instances
