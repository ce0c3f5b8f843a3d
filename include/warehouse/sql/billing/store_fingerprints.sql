UPDATE billing.bills AS b
SET fingerprint = f.fingerprint
FROM bill_fingerprints AS f
WHERE b.bill_key = f.bill_key AND b.state = 'draft'
