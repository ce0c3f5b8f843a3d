-- A withdrawn correction's offers no longer count.
-- No issued document was made of them: one that has a part of what waits
-- for a bill has all of it.
CREATE FUNCTION billing.standing_offers() RETURNS SETOF billing.private_offers LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT o.*
    FROM billing.private_offers AS o
    WHERE
        o.correction_id IS NULL
        OR NOT EXISTS (
            SELECT FROM billing.corrections AS c
            WHERE c.correction_id = o.correction_id AND c.state = 'withdrawn'
        )
$$;
COMMENT ON FUNCTION billing.standing_offers IS 'Private offers without those of corrections that were withdrawn.';

-- The private offers of a subscription that hold at some time of [starts, ends), of those that were entered by known_at
-- (null: of all). Of several at once the one entered last holds, whole, be it for its plan or its discount.
CREATE FUNCTION billing.offers_in(subscription bigint, starts timestamptz, ends timestamptz, known_at timestamptz)
RETURNS SETOF billing.private_offers LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT o.*
    FROM billing.standing_offers() AS o
    WHERE
        o.subscription_key = offers_in.subscription
        AND o.effective_from < offers_in.ends
        AND (o.effective_until IS NULL OR o.effective_until > offers_in.starts)
        AND (offers_in.known_at IS NULL OR o.entered_at <= offers_in.known_at)
$$;
COMMENT ON FUNCTION billing.offers_in IS
'Private offers of a subscription that hold within [starts, ends), as they were known then (null: now).';

CREATE FUNCTION billing.offer_at(subscription bigint, at timestamptz, known_at timestamptz)
RETURNS SETOF billing.private_offers LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT o.*
    FROM billing.standing_offers() AS o
    WHERE
        o.subscription_key = offer_at.subscription
        AND o.effective_from <= offer_at.at
        AND (o.effective_until IS NULL OR o.effective_until > offer_at.at)
        AND (offer_at.known_at IS NULL OR o.entered_at <= offer_at.known_at)
    ORDER BY o.entered_at DESC, o.offer_key DESC
    LIMIT 1
$$;
COMMENT ON FUNCTION billing.offer_at IS
'The private offer that holds for a subscription at an instant, as it was known then (null: now); no row without one.';
