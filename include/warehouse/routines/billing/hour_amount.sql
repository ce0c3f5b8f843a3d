-- What units of an hour (AKU-seconds or packages) in a tier of billing.version_tiers cost: rounded where the version
-- charges by the hour, else exact to nine places. `last_place` is that of a rounded amount, like 0.01; it is given as a
-- number because a million hours would parse it as often. `share` is the part of the amount that is asked for: less a
-- discount, or less the tax that is in it.
CREATE FUNCTION billing.hour_amount(
    units bigint,
    charge_every text,
    scaled_price bigint,
    unit_divisor numeric,
    divisor bigint,
    addend bigint,
    is_half_even boolean,
    most_units bigint,
    last_place numeric,
    share numeric
) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
CASE
    WHEN charge_every = 'hour' AND share = 1
        THEN
            billing.rounded_charge(units, scaled_price, divisor, addend, is_half_even, most_units)
            * last_place
    WHEN charge_every = 'hour'
        THEN
            round(
                billing.rounded_charge(units, scaled_price, divisor, addend, is_half_even, most_units)
                * last_place * share,
                9
            )
    ELSE billing.round_quotient(CAST(units AS numeric) * scaled_price * share, unit_divisor, 9, 'half_up')
END;
COMMENT ON FUNCTION billing.hour_amount IS
'What units of an hour cost in a tier: rounded where the version charges by the hour, else exact to nine places.';
