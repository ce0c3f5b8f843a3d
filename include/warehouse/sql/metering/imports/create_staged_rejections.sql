-- Where COPY puts the rows of a file that break a rule by themselves.
CREATE TEMPORARY TABLE staged_rejections (
    row_number integer NOT NULL,
    rule text NOT NULL,
    facts jsonb NOT NULL,
    payload jsonb NOT NULL
) ON COMMIT DROP
