-- Where what bills charge for usage went, by bill. The keys are an array, so that only these bills are looked at.
SELECT
    bill_key,
    currency,
    licensed,
    accepted,
    expected,
    unknown,
    missed,
    refused,
    waiting,
    carried,
    difference
FROM marketplace.agreement_in_money
WHERE bill_key = any(CAST(:bill_keys AS bigint[]))
