-- The price plan version in force for a subscription at an instant: that of the private offer entered last among those
-- that hold then, or else that of its own plan.
CREATE FUNCTION billing.version_at(subscription bigint, at timestamptz) RETURNS SETOF billing.price_plan_versions
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT v.*
    FROM core.subscriptions AS s
    LEFT JOIN LATERAL billing.offer_at(s.subscription_key, version_at.at, NULL) AS offer ON TRUE
    INNER JOIN billing.price_plans AS p ON p.name = coalesce(offer.price_plan, s.price_plan)
    INNER JOIN billing.version_spans AS span
        ON p.plan_key = span.plan_key AND version_at.at >= span.effective_from AND version_at.at < span.effective_until
    INNER JOIN billing.price_plan_versions AS v ON span.version_key = v.version_key
    WHERE s.subscription_key = version_at.subscription;
$$;
COMMENT ON FUNCTION billing.version_at IS
'The price plan version in force for a subscription at an instant, private offers included; no row where none is.';
