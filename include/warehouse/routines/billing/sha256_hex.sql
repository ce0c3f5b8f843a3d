-- The SHA-256 of a text in UTF-8, as hex digits.
CREATE FUNCTION billing.sha256_hex(said text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE RETURN encode(sha256(convert_to(said, 'UTF8')), 'hex');
COMMENT ON FUNCTION billing.sha256_hex IS 'SHA-256 of a text in UTF-8, in hex.';
