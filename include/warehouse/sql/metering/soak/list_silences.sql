-- Gaps of whole environments.
SELECT
    environments.environment_id,
    gaps.gap_start,
    gaps.gap_end
FROM metering.gaps
INNER JOIN core.environments ON gaps.environment_key = environments.environment_key
WHERE gaps.instance_key IS NULL AND gaps.state = 'open'
