CREATE TABLE billing.exports (
    export_key bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT exports_pkey PRIMARY KEY,
    period text NOT NULL,
    bill_key bigint CONSTRAINT exports_bill_key_fkey REFERENCES billing.bills (bill_key),
    format text NOT NULL,
    language text,
    uri text NOT NULL,
    sha256 text NOT NULL,
    size_bytes bigint NOT NULL,
    document_count integer NOT NULL,
    exported_at timestamptz NOT NULL,
    CONSTRAINT exports_uri_sha256_unique UNIQUE (uri, sha256),
    CONSTRAINT exports_format_check CHECK (format IN ('pdf', 'csv', 'focus')),
    CONSTRAINT exports_language_check CHECK ((format = 'pdf') = (language IS NOT NULL))
);
CREATE INDEX exports_by_bill ON billing.exports (bill_key);
CREATE INDEX exports_by_period ON billing.exports (period, format);

COMMENT ON TABLE billing.exports IS
'Files of issued documents, one row per content that a file had; the last row of a uri is what it holds.';
COMMENT ON COLUMN billing.exports.export_key IS 'Surrogate key.';
COMMENT ON COLUMN billing.exports.period IS
'Period whose files it belongs to, YYYY-MM: of the bill, or in which the note was issued.';
COMMENT ON COLUMN billing.exports.bill_key IS
'Document, for a file of one issued document; null for a file of the whole period.';
COMMENT ON COLUMN billing.exports.format IS 'pdf, csv or focus.';
COMMENT ON COLUMN billing.exports.language IS 'en or zh, for PDF; null for other formats.';
COMMENT ON COLUMN billing.exports.uri IS 'Where the file was written.';
COMMENT ON COLUMN billing.exports.sha256 IS 'SHA-256 of its content, in hex.';
COMMENT ON COLUMN billing.exports.size_bytes IS 'Length of its content in bytes.';
COMMENT ON COLUMN billing.exports.document_count IS 'Documents that it holds.';
COMMENT ON COLUMN billing.exports.exported_at IS 'Logical time of the run that wrote it last.';
