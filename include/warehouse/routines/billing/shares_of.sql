-- An amount that is rounded once and then distributed, so that the shares sum to it (the method of largest remainders):
-- each part gets its exact share cut down to the last place, and the places that are missing then go one each to the
-- largest remainders, of equal ones to the later part. Of what is taken away, all of this holds for its size.
CREATE FUNCTION billing.shares_of(dividends numeric[], divisor numeric, digits integer, mode text)
RETURNS numeric[] LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN (
    WITH whole AS (
        SELECT
            sum(dividend) AS dividend,
            CASE WHEN sum(dividend) < 0 THEN -1 ELSE 1 END AS direction,
            CAST('1e' || digits AS numeric) AS places
        FROM unnest(dividends) AS parts (dividend)
    ),

    -- In units of the last place; floor, because a part may go against the others' direction.
    shares AS (
        SELECT
            parts.no,
            div(parts.dividend * whole.direction * whole.places, divisor)
            - CASE WHEN mod(parts.dividend * whole.direction * whole.places, divisor) < 0 THEN 1 ELSE 0 END
                AS units,
            mod(parts.dividend * whole.direction * whole.places, divisor)
            + CASE WHEN mod(parts.dividend * whole.direction * whole.places, divisor) < 0 THEN divisor ELSE 0 END
                AS remainder
        FROM whole
        CROSS JOIN unnest(dividends) WITH ORDINALITY AS parts (dividend, no)
    ),

    ranked AS (
        SELECT
            no,
            units,
            row_number() OVER (ORDER BY remainder DESC, no DESC) AS rank,
            sum(units) OVER () AS units_given
        FROM shares
    )

    SELECT
        array_agg(
            whole.direction
            * (
                ranked.units
                + CASE
                    WHEN
                        ranked.rank
                        <= billing.round_quotient(whole.dividend * whole.direction, divisor, digits, mode)
                        * whole.places
                        - ranked.units_given
                        THEN 1
                    ELSE 0
                END
            )
            * CAST('1e-' || digits AS numeric)
            ORDER BY ranked.no
        )
    FROM ranked
    CROSS JOIN whole
);
COMMENT ON FUNCTION billing.shares_of IS
'The parts of the sum of dividends / divisor, in their order: the sum is rounded once, as round_quotient does, and its '
'parts sum to it, by largest remainder.';
