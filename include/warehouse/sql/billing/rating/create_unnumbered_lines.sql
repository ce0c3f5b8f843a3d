-- What is going to be a line, before it has a place on the bill; the statements after this one fill it. Its detail is
-- what its description needs: a licence's AKU, a discount's percent.
CREATE TEMPORARY TABLE unnumbered_lines (
    subscription_key bigint NOT NULL,
    segment_no integer NOT NULL,
    kind text NOT NULL,
    tier integer,
    name text,
    fee_no integer NOT NULL,
    line_start timestamptz NOT NULL,
    line_end timestamptz NOT NULL,
    aku_seconds bigint NOT NULL,
    metered_aku_seconds bigint NOT NULL DEFAULT 0,
    quantity numeric NOT NULL,
    unit text NOT NULL,
    unit_price numeric NOT NULL,
    exact_amount numeric NOT NULL,
    amount numeric NOT NULL,
    version_key bigint NOT NULL,
    tax_rate numeric NOT NULL,
    tax_is_inclusive boolean NOT NULL,
    detail numeric
) ON COMMIT DROP
