-- Holds the rows that hold by themselves against what the warehouse knows. A row with a rule is rejected by it; a row
-- without one is new, changed or unchanged, or its hour is billed (find_late_usage says what becomes of it then).
CREATE TEMPORARY TABLE classified_rows ON COMMIT DROP AS
-- Ordered once, by hour and instance as the index of usage is, while the rows are narrow; the joins keep that order.
WITH staged AS (
    SELECT
        row_number,
        pair,
        hour_start,
        aku_seconds,
        peak_aku,
        used_seconds,
        is_sized,
        min(row_number) OVER (PARTITION BY hour_start, pair) AS first_row
    FROM staged_rows
),

-- Readings that differ from an issued bill wait beside its usage, and do not take an import's place there.
found_by_readings AS (
    SELECT DISTINCT
        hour_start,
        instance_key
    FROM billing.late_usage
    WHERE cause <> 'imported' AND state <> 'withdrawn'
),

dropped AS (
    SELECT coalesce(max(closable_from), '-infinity') AS closable_from
    FROM metering.dropped_months
),

met AS (
    SELECT
        staged.row_number,
        staged.pair,
        staged.hour_start,
        staged.aku_seconds,
        -- A file that says no sizes leaves those that are known.
        CASE
            WHEN NOT staged.is_sized AND staged.aku_seconds = known.aku_seconds THEN known.peak_aku
            ELSE staged.peak_aku
        END AS peak_aku,
        CASE
            WHEN NOT staged.is_sized AND staged.aku_seconds = known.aku_seconds THEN known.used_seconds
            ELSE staged.used_seconds
        END AS used_seconds,
        staged.first_row,
        who.rule,
        staged.hour_start + interval '1 hour' <= who.started_at AS before_start,
        staged.hour_start >= who.ended_at AS after_end,
        staged.hour_start <@ who.issued AS on_issued_bill,
        hours.is_metered,
        known.source = 'readings' AS is_found,
        -- What readings found counts, unless they only estimated it. Dropped polls cannot give more.
        CASE
            WHEN late.hour_start IS NOT NULL THEN TRUE
            WHEN known.source = 'import' THEN FALSE
            WHEN hours.is_metered
                THEN NOT metering.import_prevails(
                    known.aku_seconds,
                    known.estimated_aku_seconds,
                    known.gap_seconds,
                    who.metered_from,
                    staged.hour_start
                )
            ELSE coalesce(known.source = 'readings', closed.hour_start IS NOT NULL)
        END AS measured,
        coalesce(
            known.aku_seconds, CASE WHEN closed.hour_start IS NOT NULL AND NOT hours.is_metered THEN 0 END
        ) AS known_aku_seconds,
        coalesce(known.peak_aku, 0) AS known_peak_aku,
        coalesce(known.used_seconds, 0) AS known_used_seconds
    FROM staged
    INNER JOIN staged_instances AS who ON staged.pair = who.pair
    LEFT JOIN metering.usage AS known
        ON staged.hour_start = known.hour_start AND who.instance_key = known.instance_key
    LEFT JOIN metering.environment_hours AS closed
        ON
            staged.hour_start = closed.hour_start
            AND who.environment_key = closed.environment_key
    LEFT JOIN found_by_readings AS late
        ON staged.hour_start = late.hour_start AND who.instance_key = late.instance_key
    CROSS JOIN dropped
    CROSS JOIN LATERAL (
        SELECT closed.hour_start IS NOT NULL AND closed.hour_start >= dropped.closable_from AS is_metered
    ) AS hours
),

compared AS (
    SELECT
        *,
        -- NULL where nothing is known.
        CASE
            WHEN known_aku_seconds IS NOT NULL
                THEN
                    aku_seconds = known_aku_seconds
                    AND (measured OR (peak_aku, used_seconds) = (known_peak_aku, known_used_seconds))
        END AS is_known
    FROM met
)

SELECT
    row_number,
    first_row,
    pair,
    hour_start,
    aku_seconds,
    peak_aku,
    used_seconds,
    known_aku_seconds,
    known_peak_aku,
    known_used_seconds,
    is_known,
    is_metered,
    on_issued_bill AND NOT measured AS is_billed,
    coalesce(is_found AND NOT measured AND NOT on_issued_bill, FALSE) AS is_estimate,
    CASE
        WHEN rule IS NOT NULL THEN rule
        WHEN before_start THEN 'before_start'
        WHEN after_end THEN 'after_end'
        WHEN row_number > first_row THEN 'duplicate_row'
        WHEN is_known THEN NULL
        WHEN measured THEN 'already_measured'
    END AS rule
FROM compared
