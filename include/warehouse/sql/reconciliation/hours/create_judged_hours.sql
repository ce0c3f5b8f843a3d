CREATE TEMPORARY TABLE compared_hours ON COMMIT DROP AS
SELECT
    b.subscription_key,
    j.*
FROM reconciliation.judged_hours AS j
INNER JOIN compared_bills AS b ON j.subscription_id = b.subscription_id
