-- Rules on tables that were there before, which a comparison of tables does not see.
ALTER TABLE billing.bills
DROP CONSTRAINT bills_total_check,
ADD CONSTRAINT bills_total_check CHECK (total = subtotal + tax - tax_included),
ADD CONSTRAINT bills_document_check CHECK (document IN ('bill', 'credit_note', 'debit_note')),
ADD CONSTRAINT bills_corrects_check CHECK ((document = 'bill') = (corrects_bill_key IS NULL));

DROP INDEX billing.bills_one_per_period;
CREATE UNIQUE INDEX bills_one_per_period ON billing.bills (subscription_key, period_start) WHERE document = 'bill';

ALTER TABLE billing.bill_lines ADD CONSTRAINT bill_lines_kind_check CHECK (
    kind IN (
        'licence', 'covered', 'included', 'usage', 'overage', 'flat_fee', 'fee', 'discount', 'maximum', 'minimum',
        'refund'
    )
);

ALTER TABLE billing.price_plan_versions
ADD CONSTRAINT price_plan_versions_model_check CHECK (model IN ('per_unit', 'graduated', 'volume', 'package')),
ADD CONSTRAINT price_plan_versions_package_check CHECK ((model = 'package') = (package_aku_seconds IS NOT NULL)),
ADD CONSTRAINT price_plan_versions_package_size_check CHECK (package_aku_seconds > 0),
ADD CONSTRAINT price_plan_versions_included_check CHECK (included_aku_seconds >= 0),
ADD CONSTRAINT price_plan_versions_minimum_check CHECK (minimum_charge >= 0 AND minimum_charge <= maximum_charge),
ADD CONSTRAINT price_plan_versions_discount_percent_check CHECK (discount_percent BETWEEN 0 AND 100),
ADD CONSTRAINT price_plan_versions_tax_rate_check CHECK (tax_rate BETWEEN 0 AND 1);
