-- One of billing.shares_of; alone, it is all of the amount.
CREATE FUNCTION billing.share_of(share_no bigint, dividends numeric[], divisor numeric, digits integer, mode text)
RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
CASE
    WHEN cardinality(dividends) = 1 THEN billing.round_quotient(dividends[1], divisor, digits, mode)
    ELSE (billing.shares_of(dividends, divisor, digits, mode))[share_no]
END;
COMMENT ON FUNCTION billing.share_of IS
'The share_no-th part, from 1, of the sum of dividends / divisor: the sum is rounded once, as round_quotient does, and '
'its parts sum to it, by largest remainder.';
