-- Renews each licence of these subscriptions that renews by itself once, where its next term starts before
-- renew_before. Terms are counted in calendar months of the plan's time zone from the first of the licence's chain, so
-- that a chain which began on the 31st comes back to the 31st after February. A renewal costs what the terms in force
-- at its start say, private offers included. A licence that lapsed and renews after all starts again where the last
-- issued bill of its subscription ends: what is issued was rated without it, and a term that starts there would be on
-- no bill.
CREATE FUNCTION core.renew_licences(
    time_zone text, renew_before timestamptz, subscriptions bigint[]
) RETURNS SETOF bigint
LANGUAGE sql SET search_path = pg_catalog AS $$
    INSERT INTO core.licences (
        subscription_key, term_start, term_end, term_months, capacity_aku, price, currency, auto_renew, renews_licence_key
    )
    SELECT
        l.subscription_key,
        n.term_start,
        -- A term that is longer than its months has left its chain's calendar; the next one is counted from its end.
        CASE
            WHEN n.term_start = l.term_end AND counted.term_end > l.term_end THEN counted.term_end
            ELSE counted.end_by_length
        END AS term_end,
        l.term_months,
        l.capacity_aku,
        billing.licence_price(v, l.capacity_aku, l.term_months) AS price,
        l.currency,
        TRUE AS auto_renew,
        l.licence_key AS renews_licence_key
    FROM core.licences AS l
    INNER JOIN core.licence_chains AS c ON l.licence_key = c.licence_key
    INNER JOIN core.subscriptions AS s ON l.subscription_key = s.subscription_key
    INNER JOIN billing.price_plans AS p ON s.price_plan = p.name
    CROSS JOIN
        LATERAL (
            SELECT coalesce(max(i.period_end), l.term_end) AS term_start
            FROM billing.issued_periods(l.subscription_key, l.term_end, NULL) AS i
        ) AS n
    CROSS JOIN
        LATERAL (
            SELECT
                (c.chain_start AT TIME ZONE p.time_zone + make_interval(months => l.term_months * (c.renewal_count + 2)))
                AT TIME ZONE p.time_zone AS term_end,
                (n.term_start AT TIME ZONE p.time_zone + make_interval(months => l.term_months))
                AT TIME ZONE p.time_zone AS end_by_length
        ) AS counted
    INNER JOIN LATERAL billing.version_at(l.subscription_key, n.term_start) AS v
        ON v.licence_price_per_aku_month IS NOT NULL
    WHERE
        l.auto_renew
        AND l.subscription_key = any(renew_licences.subscriptions)
        AND c.is_latest
        AND p.time_zone = renew_licences.time_zone
        AND n.term_start < renew_licences.renew_before
        AND (s.ended_at IS NULL OR s.ended_at > n.term_start)
    ORDER BY l.licence_key
    RETURNING licence_key;
$$;
COMMENT ON FUNCTION core.renew_licences IS
'Renews licences of these subscriptions whose next term starts before an instant, once each; their keys.';
