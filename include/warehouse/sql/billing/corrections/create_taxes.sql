-- The tax that goes with correction_lines, by rate.
CREATE TEMPORARY TABLE correction_taxes (
    root_key bigint NOT NULL,
    tax_rate numeric NOT NULL,
    is_inclusive boolean NOT NULL,
    is_refund boolean NOT NULL,
    base numeric NOT NULL,
    amount numeric NOT NULL
) ON COMMIT DROP
