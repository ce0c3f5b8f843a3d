-- Where the AKU-seconds of all subscriptions went in a stretch of hours. `late` is what is in no record of hours before
-- an instant: no run enters it any more.
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
    coalesce(sum(difference) FILTER (WHERE difference > 0 AND hour_start < :entered_before), 0) AS late
FROM marketplace.agreement
WHERE hour_start >= :period_start AND hour_start < :period_end
