-- Where COPY puts the rows of a file that keep the rules by themselves, as what they mean; without keys, so that it is
-- fast.
CREATE TEMPORARY TABLE staged_rows (
    row_number integer NOT NULL,
    pair integer NOT NULL,
    hour_start timestamptz NOT NULL,
    aku_seconds bigint NOT NULL,
    peak_aku integer NOT NULL,
    used_seconds integer NOT NULL,
    is_sized boolean NOT NULL
) ON COMMIT DROP
