UPDATE core.freezes SET frozen_until = greatest(frozen_from, :ended_at)
WHERE subscription_key = :subscription_key AND frozen_until IS NULL
