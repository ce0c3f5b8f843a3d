-- A licence's price is spread evenly over the seconds of its term. A share is the difference of two rounded running
-- sums, so the shares of windows that follow one another add up to the price.
CREATE FUNCTION billing.licence_share(
    price numeric, term_start timestamptz, term_end timestamptz, starts timestamptz, ends timestamptz
) RETURNS numeric LANGUAGE sql STABLE PARALLEL SAFE RETURN
round(
    price * extract(EPOCH FROM least(ends, term_end) - term_start) / extract(EPOCH FROM term_end - term_start), 9
)
- round(
    price * extract(EPOCH FROM greatest(starts, term_start) - term_start) / extract(EPOCH FROM term_end - term_start), 9
);
COMMENT ON FUNCTION billing.licence_share IS
'What of a licence''s price belongs to [starts, ends), which overlaps its term.';
