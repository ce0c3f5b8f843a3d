-- How the usage of an hour is charged: by the hour measure of the price plan version in force at its start.
--
-- Metering knows three things of an instance in an hour: its AKU-seconds, the largest AKU that counted in it, and the
-- seconds in which any did. With time_weighted the AKU-seconds are charged as metered. With peak the largest AKU is
-- charged for the whole hour. With started_hour the mean AKU of the seconds with usage is charged for the whole hour,
-- cut down to a whole AKU-second. An hour without usage costs nothing by any of them.
--
-- The sums over a subscription's instances are taken before the measure is known (metering.subscription_hours), so
-- these functions are for one instance and for such sums alike.
CREATE FUNCTION billing.whole_hour_aku_seconds(aku_seconds bigint, used_seconds integer) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
CASE WHEN used_seconds IN (0, 3600) THEN aku_seconds ELSE aku_seconds * 3600 / used_seconds END;
COMMENT ON FUNCTION billing.whole_hour_aku_seconds IS
'AKU-seconds of an hour all of which is used like the mean of its seconds with usage; for one instance.';

CREATE FUNCTION billing.charged_aku_seconds(
    hour_measure text, aku_seconds bigint, peak_aku bigint, whole_hour_aku_seconds bigint
) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
CASE hour_measure
    WHEN 'time_weighted' THEN aku_seconds
    WHEN 'peak' THEN peak_aku * 3600
    WHEN 'started_hour' THEN whole_hour_aku_seconds
END;
COMMENT ON FUNCTION billing.charged_aku_seconds IS
'AKU-seconds that are charged of an hour by an hour measure; of one instance, or of sums over instances.';

-- What is charged is divided among licences, included usage and tiers; what was metered is divided along with it. The
-- part up to a position of what is charged is cut down, so that the parts between positions add up.
CREATE FUNCTION billing.metered_up_to(metered bigint, charged_position bigint, charged bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
CASE
    WHEN metered = charged THEN charged_position
    WHEN charged = 0 THEN 0
    ELSE CAST(div(CAST(metered AS numeric) * charged_position, charged) AS bigint)
END;
COMMENT ON FUNCTION billing.metered_up_to IS
'Metered AKU-seconds that belong to the charged ones up to a position of these.';
