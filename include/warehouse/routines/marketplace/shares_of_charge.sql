-- What is priced sums to what is billed: a charge is shared among the places that the AKU-seconds of its hours went
-- to, in proportion to them, and to the last place of the amount. What the plan includes has no part in it. Where
-- nothing is metered any more, all of the charge is a difference.
CREATE FUNCTION marketplace.shares_of_charge(amount numeric, parts numeric[])
RETURNS numeric[] LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN (
    WITH charged AS (
        SELECT
            each.no,
            CASE WHEN each.no = 2 THEN 0 ELSE each.part END AS part
        FROM unnest(parts) WITH ORDINALITY AS each (part, no)
    ),

    whole AS (
        SELECT coalesce(sum(part), 0) AS seconds FROM charged
    )

    SELECT
        billing.shares_of(
            array_agg(
                amount * CASE WHEN whole.seconds > 0 THEN charged.part WHEN charged.no = 10 THEN 1 ELSE 0 END
                ORDER BY charged.no
            ),
            CASE WHEN max(whole.seconds) > 0 THEN max(whole.seconds) ELSE 1 END,
            scale(amount),
            'half_up'
        )
    FROM charged
    CROSS JOIN whole
);
COMMENT ON FUNCTION marketplace.shares_of_charge IS
'What of a charge each part of its AKU-seconds is worth: licensed, free, accepted, expected, unknown, missed, refused, '
'waiting, carried and difference, in this order.';
