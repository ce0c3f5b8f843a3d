-- What ends or is due soon: licences that are not renewed by themselves, terms at the Marketplace, and consoles'
-- credentials that are older than they should be.
SELECT
    'licence' AS kind,
    s.subscription_id,
    s.environment_name,
    l.term_end AS at
FROM core.licences AS l
INNER JOIN core.subscriptions AS s ON l.subscription_key = s.subscription_key
WHERE
    l.term_end >= :now
    AND l.term_end < :soon
    AND NOT l.auto_renew
    AND NOT EXISTS (SELECT FROM core.licences AS n WHERE n.renews_licence_key = l.licence_key)
    AND s.ended_at IS NULL

UNION ALL

SELECT
    'expiry' AS kind,
    s.subscription_id,
    s.environment_name,
    s.expires_at AS at
FROM core.subscriptions AS s
WHERE s.expires_at >= :now AND s.expires_at < :soon AND s.ended_at IS NULL

UNION ALL

SELECT
    'credential' AS kind,
    s.subscription_id,
    s.environment_name,
    c.stored_at AS at
FROM core.environment_credentials AS c
INNER JOIN core.environments AS e ON c.environment_key = e.environment_key
INNER JOIN core.subscriptions AS s ON e.subscription_key = s.subscription_key
WHERE c.stored_at < :rotate_before AND s.ended_at IS NULL
ORDER BY at ASC, subscription_id ASC, kind ASC
LIMIT :at_most
