-- When metering of the first environment started; null where there is none.
SELECT min(metering_started_at) FROM core.subscriptions
