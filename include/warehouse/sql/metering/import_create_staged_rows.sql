-- Where COPY puts the rows of a file; without keys, so that it is fast. Rows that break a rule by themselves come with
-- it; the others come with what they mean, the hour as hours since 1970 (UTC).
CREATE TEMPORARY TABLE staged_rows (
    row_number integer NOT NULL,
    pair integer,
    hour bigint,
    aku_seconds bigint,
    rule text,
    sentence text,
    payload jsonb
) ON COMMIT DROP
