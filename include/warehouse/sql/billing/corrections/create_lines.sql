-- What corrects the bills of correction_roots, line by line; filled period by period.
CREATE TEMPORARY TABLE correction_lines (
    root_key bigint NOT NULL,
    line_order integer NOT NULL,
    kind text NOT NULL,
    tier integer,
    name text,
    description text NOT NULL,
    line_start timestamptz NOT NULL,
    line_end timestamptz NOT NULL,
    aku_seconds bigint NOT NULL,
    quantity numeric NOT NULL,
    unit text NOT NULL,
    unit_price numeric NOT NULL,
    exact_amount numeric NOT NULL,
    amount numeric NOT NULL,
    version_key bigint,
    tax_rate numeric NOT NULL,
    tax_is_inclusive boolean NOT NULL,
    corrects_document_key bigint,
    corrects_line_no integer,
    correction_key bigint,
    reason text NOT NULL
) ON COMMIT DROP
