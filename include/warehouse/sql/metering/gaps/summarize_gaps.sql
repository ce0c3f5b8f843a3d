-- What waits for people, by owner and cause: open gaps, and newer rejections.
WITH work AS (
    SELECT
        metering.gap_owner(
            billing.holding_bill(environments.subscription_key, gaps.gap_start, gaps.gap_end)
        ) AS owned_by,
        'gap' AS kind,
        gaps.cause,
        gaps.opened_at AS began_at
    FROM metering.gaps
    INNER JOIN core.environments ON gaps.environment_key = environments.environment_key
    WHERE gaps.state = 'open'
    UNION ALL
    SELECT
        metering.rejection_owner(rejections.source) AS owned_by,
        'rejection' AS kind,
        rejections.rule AS cause,
        rejections.rejected_at AS began_at
    FROM metering.rejections
    WHERE rejections.rejected_at >= :rejected_since
)

SELECT
    owned_by,
    kind,
    cause,
    count(*) AS piece_count,
    CAST(extract(EPOCH FROM CAST(:at AS timestamptz) - min(began_at)) AS bigint) AS oldest_seconds
FROM work
GROUP BY owned_by, kind, cause
ORDER BY owned_by ASC, kind ASC, oldest_seconds DESC, cause ASC
