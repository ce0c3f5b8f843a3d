-- What is issued keeps the fingerprint that it was issued with.
UPDATE billing.bills AS b
SET
    fingerprint = f.fingerprint,
    fingerprint_form = 4,
    fingerprint_groups = f.parts
FROM bill_fingerprints AS f
WHERE b.bill_key = f.bill_key AND b.state IN ('draft', 'held')
