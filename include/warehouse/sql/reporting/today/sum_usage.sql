-- Where the AKU-seconds of all subscriptions went in a stretch of time, as they were added up last, and how many have
-- changed since. `late` is what is in no record of days that ended before an instant: no run enters it any more.
SELECT
    coalesce(sum(metered), 0) AS metered,
    coalesce(sum(licensed), 0) AS licensed,
    coalesce(sum(free), 0) AS free,
    coalesce(sum(accepted), 0) AS accepted,
    coalesce(sum(expected), 0) AS expected,
    coalesce(sum(unknown), 0) AS unknown,
    coalesce(sum(missed), 0) AS missed,
    coalesce(sum(refused), 0) AS refused,
    coalesce(sum(waiting), 0) AS waiting,
    coalesce(sum(carried), 0) AS carried,
    coalesce(sum(difference), 0) AS difference,
    coalesce(sum(unrecorded) FILTER (WHERE ends <= :entered_before), 0) AS late,
    max(added_at) AS added_at,
    (
        SELECT count(DISTINCT subscription_key)
        FROM marketplace.agreement_changes
        WHERE day_start > CAST(:period_start AS timestamptz) - interval '1 day' AND day_start < :period_end
    ) AS changed_count
FROM marketplace.agreement_between(:period_start, :period_end)
