-- From when to when each version of a price plan is in force: until the plan's next one.
CREATE VIEW billing.version_spans AS
SELECT
    v.version_key,
    v.plan_key,
    v.effective_from,
    lead(v.effective_from, 1, 'infinity') OVER (PARTITION BY v.plan_key ORDER BY v.effective_from) AS effective_until
FROM billing.price_plan_versions AS v;

COMMENT ON VIEW billing.version_spans IS 'When each price plan version is in force.';
COMMENT ON COLUMN billing.version_spans.version_key IS 'Price plan version.';
COMMENT ON COLUMN billing.version_spans.plan_key IS 'Price plan.';
COMMENT ON COLUMN billing.version_spans.effective_from IS 'Start (inclusive).';
COMMENT ON COLUMN billing.version_spans.effective_until IS 'End (exclusive); infinity for the last version of a plan.';
