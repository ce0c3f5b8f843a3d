-- What a term of a licence costs by a version of a price plan: exact price per AKU and month, rounded once.
CREATE FUNCTION billing.licence_price(version billing.price_plan_versions, capacity_aku integer, term_months integer)
RETURNS numeric LANGUAGE sql IMMUTABLE SET search_path = pg_catalog
RETURN billing.round_amount(
    (version).licence_price_per_aku_month * capacity_aku * term_months,
    (version).rounding_digits,
    (version).rounding_mode
);
COMMENT ON FUNCTION billing.licence_price IS
'Price of a whole term of a licence by that version, in its plan''s currency; null where the version sells none.';
