-- The price plan version in force for a subscription at an instant: that of the private offer entered last among those
-- that hold then, or else that of its own plan.
CREATE FUNCTION billing.version_at(subscription bigint, at timestamptz) RETURNS SETOF billing.price_plan_versions
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT v.*
    FROM core.subscriptions AS s
    LEFT JOIN LATERAL (
        SELECT o.price_plan FROM billing.private_offers AS o
        WHERE
            o.subscription_key = s.subscription_key
            AND o.effective_from <= version_at.at
            AND (o.effective_until IS NULL OR o.effective_until > version_at.at)
        ORDER BY o.entered_at DESC, o.offer_key DESC
        LIMIT 1
    ) AS offer ON TRUE
    INNER JOIN billing.price_plans AS p ON p.name = coalesce(offer.price_plan, s.price_plan)
    INNER JOIN billing.price_plan_versions AS v ON p.plan_key = v.plan_key AND v.effective_from <= version_at.at
    WHERE s.subscription_key = version_at.subscription
    ORDER BY v.effective_from DESC
    LIMIT 1;
$$;
COMMENT ON FUNCTION billing.version_at IS
'The price plan version in force for a subscription at an instant, private offers included; no row where none is.';
