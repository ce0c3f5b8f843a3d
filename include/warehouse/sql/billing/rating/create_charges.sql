-- What each segment costs, charge by charge; the statements after this one fill it.
CREATE TEMPORARY TABLE rated_charges (
    subscription_key bigint NOT NULL,
    segment_no integer NOT NULL,
    kind text NOT NULL,
    tier integer,
    name text,
    fee_no integer NOT NULL,
    aku_seconds bigint NOT NULL,
    quantity numeric NOT NULL,
    unit text NOT NULL,
    unit_price numeric NOT NULL,
    exact_amount numeric NOT NULL,
    amount numeric NOT NULL
) ON COMMIT DROP
