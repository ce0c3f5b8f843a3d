-- Documents whose fingerprint is not the stored one any more, with the groups of inputs that changed; none where even
-- its period does not lead to it any more.
SELECT
    b.bill_key,
    array(
        SELECT part.key
        FROM jsonb_each_text(f.parts) AS part (key, value)
        WHERE part.value IS DISTINCT FROM b.fingerprint_groups ->> part.key
        ORDER BY part.key
    ) AS changed
FROM billing.bills AS b
LEFT JOIN bill_fingerprints AS f ON b.bill_key = f.bill_key
WHERE
    b.bill_key = any(:bill_keys)
    AND (b.fingerprint_form, b.fingerprint, b.fingerprint_groups) IS DISTINCT FROM (4, f.fingerprint, f.parts)
ORDER BY b.bill_key
