-- The one rounding of an amount that is at hand exactly; usage is rounded while it is rated, in whole numbers.
CREATE FUNCTION billing.round_amount(amount numeric, digits integer, mode text) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN
CASE mode
    WHEN 'down' THEN trunc(amount, digits)
    WHEN 'up'
        THEN
            trunc(amount, digits)
            + sign(amount - trunc(amount, digits)) * CAST('1e-' || digits AS numeric)
    WHEN 'half_up' THEN round(amount, digits)
    WHEN 'half_even' THEN
        round(amount, digits)
        - CASE
            WHEN
                abs(amount - trunc(amount, digits)) * 2 = CAST('1e-' || digits AS numeric)
                AND mod(trunc(amount, digits), 2 * CAST('1e-' || digits AS numeric)) = 0
                THEN sign(amount) * CAST('1e-' || digits AS numeric)
            ELSE 0
        END
END;
COMMENT ON FUNCTION billing.round_amount IS
'An amount rounded to places after the point: down (towards zero), up (away from zero), half_up or half_even.';
