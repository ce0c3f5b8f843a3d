-- Compares hours without a digest, such as imported ones, with their usage.
SELECT metering.take_digests(:period_start, :period_end, :subscriptions)
