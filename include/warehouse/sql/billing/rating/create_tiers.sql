-- The tiers of the versions in force in the period, into rated_tiers of this transaction.
CREATE TEMPORARY TABLE rated_tiers ON COMMIT DROP AS
SELECT *
FROM billing.version_tiers
WHERE
    effective_from < :period_end
    AND effective_until > :period_start
