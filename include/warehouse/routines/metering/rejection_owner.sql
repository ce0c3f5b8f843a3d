-- Who acts on a rejection: the sender of a file can correct it; what a console says is for operators to look at.
CREATE FUNCTION metering.rejection_owner(source text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN rejection_owner.source = 'import' THEN 'billing' ELSE 'operations' END;
COMMENT ON FUNCTION metering.rejection_owner IS
'Who acts on a rejection, by where the data came from: operations or billing.';
