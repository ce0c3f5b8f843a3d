-- What a document prints of its parties, kept with it when it is drafted: an issued one prints what it printed.
CREATE FUNCTION billing.printed_facts(subscription bigint, products jsonb) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT
        jsonb_build_object(
            'account_id', s.account_id, 'contact', s.contact, 'department', s.department, 'region', s.region,
            'environment_name', s.environment_name, 'environment_id', e.environment_id, 'product', s.product,
            'payment', s.payment, 'marketplace_instance_id', s.marketplace_instance_id, 'order_id', s.order_id,
            'region_name', products -> s.product -> 'regions' ->> s.region,
            'seller', (products -> s.product) - 'regions',
            'instance_names', (
                SELECT jsonb_object_agg(i.instance_id, i.name) FROM metering.instances AS i
                WHERE i.environment_key = e.environment_key AND i.name IS NOT NULL
            )
        )
    FROM core.subscriptions AS s
    LEFT JOIN core.environments AS e ON s.subscription_key = e.subscription_key
    WHERE s.subscription_key = subscription
$$;
COMMENT ON FUNCTION billing.printed_facts(bigint, jsonb) IS
'What a document of the subscription prints of buyer, subscription and seller, as known now; products is what the '
'catalogue says of each product by name.';

CREATE VIEW billing.printed_parties AS
SELECT
    b.bill_key,
    facts.account_id,
    facts.contact,
    facts.department,
    facts.region,
    facts.environment_name,
    facts.environment_id,
    facts.product,
    facts.payment,
    facts.marketplace_instance_id,
    facts.order_id,
    facts.region_name,
    facts.seller,
    facts.instance_names
FROM billing.bills AS b
CROSS JOIN LATERAL jsonb_to_record(
    CASE WHEN b.printed = '{}' THEN billing.printed_facts(b.subscription_key, '{}') ELSE b.printed END
) AS facts (
    account_id text, contact text, department text, region text, environment_name text, environment_id text,
    product text, payment text, marketplace_instance_id text, order_id text, region_name text, seller jsonb,
    instance_names jsonb
);
COMMENT ON VIEW billing.printed_parties IS
'What each document prints of buyer, subscription and seller: as it was drafted, whatever has changed since.';
COMMENT ON COLUMN billing.printed_parties.bill_key IS 'Document.';
COMMENT ON COLUMN billing.printed_parties.account_id IS 'Cloud account of the buyer.';
COMMENT ON COLUMN billing.printed_parties.contact IS 'Whom to write to about the subscription.';
COMMENT ON COLUMN billing.printed_parties.department IS 'Business department; empty when the buyer has only one.';
COMMENT ON COLUMN billing.printed_parties.region IS 'Cloud region.';
COMMENT ON COLUMN billing.printed_parties.environment_name IS 'Name of the environment.';
COMMENT ON COLUMN billing.printed_parties.environment_id IS 'Id of the environment.';
COMMENT ON COLUMN billing.printed_parties.product IS 'Product of the catalogue.';
COMMENT ON COLUMN billing.printed_parties.payment IS 'payg or prepaid.';
COMMENT ON COLUMN billing.printed_parties.marketplace_instance_id IS 'Marketplace instance.';
COMMENT ON COLUMN billing.printed_parties.order_id IS 'Marketplace order.';
COMMENT ON COLUMN billing.printed_parties.region_name IS 'Name of the region in the catalogue.';
COMMENT ON COLUMN billing.printed_parties.seller IS 'What the catalogue said of the product and its seller.';
COMMENT ON COLUMN billing.printed_parties.instance_names IS 'Names of instances by id.';
