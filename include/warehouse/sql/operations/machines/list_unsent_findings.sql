-- What was not sent of findings yet: that they were opened and, of those that were sent, that they are resolved.
SELECT
    findings.discrepancy_key,
    news.transition,
    findings.kind,
    findings.account_id,
    findings.region,
    findings.environment_id,
    findings.instance_id,
    findings.machines,
    findings.machine_hours,
    findings.first_seen_at,
    findings.last_seen_at,
    findings.state,
    findings.resolved_at
FROM operations.machine_discrepancies AS findings
CROSS JOIN
    LATERAL (
        SELECT
            CASE findings.state WHEN 'open' THEN 'opened' ELSE 'resolved' END AS transition,
            format('machine_discrepancy/%s/', findings.discrepancy_key) AS about
    ) AS news
WHERE
    NOT EXISTS (
        SELECT FROM operations.notifications
        WHERE notifications.notification_key = news.about || news.transition
    )
    AND (
        findings.state = 'open'
        OR EXISTS (
            SELECT FROM operations.notifications
            WHERE notifications.notification_key = news.about || 'opened'
        )
    )
ORDER BY news.transition, findings.first_seen_at, findings.discrepancy_key
