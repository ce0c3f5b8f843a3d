-- Hours that were imported, or changed since their sums were held against their usage, are held against it now.
SELECT metering.take_digests(:period_start, :period_end, :subscriptions)
