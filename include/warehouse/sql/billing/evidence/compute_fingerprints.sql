-- What each bill was made of and what came out, as SHA-256 by group of inputs, and one over these (form 4), into
-- bill_fingerprints of this transaction.
--
-- The same warehouse gives the same bytes, whenever and by whomever they are computed: each row is a JSON array, rows
-- have an order and end at a line break, instants are Unix seconds, amounts keep their places. Nothing that may follow
-- a bill counts: a later price version, an offer entered later, the next licence term, the release of a subscription.
CREATE TEMPORARY TABLE bill_fingerprints ON COMMIT DROP AS
WITH hashed AS (
    SELECT
        c.bill_key,
        jsonb_object_agg(groups.part, coalesce(p.digest, billing.sha256_hex(''))) AS parts
    FROM fingerprinted_bills AS c
    CROSS JOIN (
        VALUES
        ('identity'), ('activity'), ('printed'), ('usage'), ('hours'), ('adjustments'), ('licences'), ('prices'),
        ('offers'), ('lines'), ('taxes'), ('sums')
    ) AS groups (part)
    LEFT JOIN fingerprint_parts AS p ON c.bill_key = p.bill_key AND groups.part = p.part
    GROUP BY c.bill_key
)

SELECT
    bill_key,
    parts,
    -- The text of a JSONB object has its keys in one order.
    billing.sha256_hex('akubill bill, form 4' || E'\n' || CAST(parts AS text)) AS fingerprint
FROM hashed
