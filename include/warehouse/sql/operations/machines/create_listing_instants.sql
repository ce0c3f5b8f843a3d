-- Each environment at each instant at which its machines were listed: the polls around it, and whether it can be
-- evaluated yet. What is true at an instant is known once a poll after it exists; a poll before it counts within the
-- tolerance only, because an instance that was last seen long ago need not have been there still.
CREATE TEMPORARY TABLE machine_moments ON COMMIT DROP AS
WITH instants AS (
    SELECT
        machines.environment_key,
        sightings.observed_at
    FROM operations.machine_sightings AS sightings
    INNER JOIN operations.machines ON sightings.machine_key = machines.machine_key
    WHERE sightings.compared_at IS NULL AND machines.environment_key IS NOT NULL
    UNION
    SELECT
        environments.environment_key,
        listings.listed_at AS observed_at
    FROM operations.machine_listings AS listings
    INNER JOIN core.subscriptions
        ON listings.account_id = subscriptions.account_id AND listings.region = subscriptions.region
    INNER JOIN core.environments ON subscriptions.subscription_key = environments.subscription_key
    WHERE listings.listed_at IS NOT NULL
)

SELECT
    instants.environment_key,
    instants.observed_at,
    environments.state = 'metered' AS is_metered,
    earlier.observed_at AS before_at,
    later.observed_at AS after_at,
    environments.state <> 'metered' OR later.observed_at IS NOT NULL AS is_known
FROM instants
INNER JOIN core.environments ON instants.environment_key = environments.environment_key
LEFT JOIN LATERAL (
    SELECT polls.observed_at
    FROM metering.polls
    WHERE
        polls.environment_key = instants.environment_key
        AND polls.ok
        AND polls.observed_at <= instants.observed_at
        AND polls.observed_at >= instants.observed_at - CAST(:tolerance AS interval)
    ORDER BY polls.observed_at DESC
    LIMIT 1
) AS earlier ON TRUE
LEFT JOIN LATERAL (
    SELECT polls.observed_at
    FROM metering.polls
    WHERE
        polls.environment_key = instants.environment_key
        AND polls.ok
        AND polls.observed_at >= instants.observed_at
        AND polls.observed_at <= :at
    ORDER BY polls.observed_at
    LIMIT 1
) AS later ON TRUE
WHERE instants.observed_at <= :at
