-- The one rounding of an amount that is a fraction: no digit of it is cut before it is rounded. Not STRICT and of plain
-- arithmetic, so that PostgreSQL puts it into the statement that calls it.
CREATE FUNCTION billing.round_quotient(dividend numeric, divisor numeric, digits integer, mode text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
(
    div(dividend * CAST('1e' || digits AS numeric), divisor)
    + CASE
        WHEN
            CASE mode
                WHEN 'down' THEN FALSE
                WHEN 'up' THEN mod(dividend * CAST('1e' || digits AS numeric), divisor) <> 0
                WHEN 'half_up'
                    THEN 2 * abs(mod(dividend * CAST('1e' || digits AS numeric), divisor)) >= divisor
                WHEN 'half_even'
                    THEN
                        2 * abs(mod(dividend * CAST('1e' || digits AS numeric), divisor)) > divisor
                        OR (
                            2 * abs(mod(dividend * CAST('1e' || digits AS numeric), divisor)) = divisor
                            AND mod(div(dividend * CAST('1e' || digits AS numeric), divisor), 2) <> 0
                        )
            END
            THEN sign(dividend)
        ELSE 0
    END
) * CAST('1e-' || digits AS numeric);
COMMENT ON FUNCTION billing.round_quotient IS
'dividend / divisor, the divisor above 0, rounded to places after the point as round_amount does, from all its digits.';
