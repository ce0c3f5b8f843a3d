-- One part's share of an amount that is rounded once and then distributed, so that the shares sum to it (the method of
-- largest remainders): each part gets its exact share cut down to the last place, and the places that are missing then
-- go one each to the largest remainders, of equal ones to the later part. Of what is taken away, all of this holds for
-- its size.
CREATE FUNCTION billing.share_of(share_no bigint, dividends numeric[], divisor numeric, digits integer, mode text)
RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
CASE
    WHEN cardinality(dividends) = 1 THEN billing.round_quotient(dividends[1], divisor, digits, mode)
    ELSE (
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
        FROM ranked
        CROSS JOIN whole
        WHERE ranked.no = share_no
    )
END;
COMMENT ON FUNCTION billing.share_of IS
'The share_no-th part, from 1, of the sum of dividends / divisor: the sum is rounded once, as round_quotient does, and '
'its parts sum to it, by largest remainder.';
