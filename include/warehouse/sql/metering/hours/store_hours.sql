-- Says how far each hour is known now. An hour that is as it was keeps its row, so that closing twice writes nothing.
MERGE INTO metering.environment_hours AS kept
USING (
    SELECT
        hours.hour_start,
        hours.environment_key,
        hours.state,
        hours.bill_key IS NOT NULL AS is_billed,
        changes.hour_start IS NOT NULL AS is_changed
    FROM closing_hours AS hours
    LEFT JOIN (
        SELECT DISTINCT
            environment_key,
            hour_start
        FROM closing_differences
        WHERE bill_key IS NULL
    ) AS changes
        ON hours.environment_key = changes.environment_key AND hours.hour_start = changes.hour_start
) AS judged
    ON
        kept.hour_start = judged.hour_start
        AND kept.environment_key = judged.environment_key
        -- Said again in constants, so that no other hours are read.
        AND kept.hour_start >= date_trunc('hour', CAST(:window_start AS timestamptz))
        AND kept.hour_start < :window_end
WHEN NOT MATCHED THEN
    INSERT (hour_start, environment_key, state, revision, closed_at, tolerance_seconds)
    VALUES (
        judged.hour_start,
        judged.environment_key,
        judged.state,
        CASE judged.state WHEN 'open' THEN 0 ELSE 1 END,
        :at,
        extract(EPOCH FROM CAST(:tolerance AS interval))
    )
WHEN MATCHED AND (judged.is_changed OR kept.state <> judged.state) THEN
    UPDATE SET
        state = judged.state,
        revision = CASE
            WHEN judged.state = 'open' THEN kept.revision
            ELSE greatest(kept.revision + CASE WHEN judged.is_changed THEN 1 ELSE 0 END, 1)
        END,
        closed_at = :at,
        -- Billed usage stays as it was closed.
        tolerance_seconds = CASE
            WHEN judged.is_billed THEN kept.tolerance_seconds
            ELSE extract(EPOCH FROM CAST(:tolerance AS interval))
        END
