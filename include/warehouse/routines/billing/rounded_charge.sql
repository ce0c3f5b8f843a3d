-- The charge of an hour, rounded, in whole last places of an amount: by the arithmetic of billing.version_tiers. 0
-- where the units are too many for it, which rating refuses.
CREATE FUNCTION billing.rounded_charge(
    units bigint, scaled_price bigint, divisor bigint, addend bigint, is_half_even boolean, most_units bigint
) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
CASE
    WHEN scaled_price = 0 OR units > most_units THEN 0
    -- Exact halves exist only where the divisor is even: packages at a price of few digits have a divisor of 1.
    WHEN is_half_even AND divisor % 2 = 0 AND (units * scaled_price + addend) % divisor = 0
        THEN (units * scaled_price + addend) / divisor / 2 * 2
    ELSE (units * scaled_price + addend) / divisor
END;
COMMENT ON FUNCTION billing.rounded_charge IS
'Charge of an hour in whole last places: units × price, rounded as the price plan version says.';
