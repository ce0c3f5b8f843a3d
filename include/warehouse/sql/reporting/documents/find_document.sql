-- One document with whom it is for, as it is printed.
SELECT
    d.*,
    f.environment_name,
    f.environment_id,
    f.account_id,
    f.contact,
    f.region,
    f.department,
    f.product,
    f.payment,
    f.marketplace_instance_id,
    f.order_id,
    f.region_name,
    f.seller,
    f.instance_names
FROM billing.documents AS d
INNER JOIN billing.printed_parties AS f ON d.bill_key = f.bill_key
WHERE d.bill_id = :bill_id
