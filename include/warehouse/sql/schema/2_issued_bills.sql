-- Issued bills never change: whoever tries, the database refuses. The one change allowed is issued → settled.
CREATE FUNCTION billing.guard_issued_bill() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        RAISE EXCEPTION '% may hold issued bills and can not be truncated', TG_TABLE_NAME
            USING HINT = 'Void drafts one by one instead.';
    END IF;
    IF OLD.state NOT IN ('issued', 'settled') THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.state = 'issued' AND NEW.state = 'settled'
        AND to_jsonb(NEW) - 'state' - 'settled_at' = to_jsonb(OLD) - 'state' - 'settled_at' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'Bill % is issued and never changes', OLD.bill_id
        USING HINT = 'Correct it with an adjustment or a credit note.';
END
$$;

CREATE TRIGGER guard_issued_bill BEFORE UPDATE OR DELETE ON billing.bills
FOR EACH ROW EXECUTE FUNCTION billing.guard_issued_bill();
CREATE TRIGGER guard_issued_bills_from_truncate BEFORE TRUNCATE ON billing.bills
FOR EACH STATEMENT EXECUTE FUNCTION billing.guard_issued_bill();

CREATE FUNCTION billing.guard_issued_line() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    issued text;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        RAISE EXCEPTION '% may hold lines of issued bills and can not be truncated', TG_TABLE_NAME
            USING HINT = 'Delete the lines of one draft instead.';
    END IF;
    SELECT bill_id INTO issued FROM billing.bills
    WHERE state IN ('issued', 'settled')
        AND (TG_OP <> 'INSERT' AND bill_key = OLD.bill_key OR TG_OP <> 'DELETE' AND bill_key = NEW.bill_key)
    LIMIT 1;
    IF issued IS NOT NULL THEN
        RAISE EXCEPTION 'Bill % is issued, and so its lines never change', issued
            USING HINT = 'Correct it with an adjustment or a credit note.';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;

CREATE TRIGGER guard_issued_line BEFORE INSERT OR UPDATE OR DELETE ON billing.bill_lines
FOR EACH ROW EXECUTE FUNCTION billing.guard_issued_line();
CREATE TRIGGER guard_issued_lines_from_truncate BEFORE TRUNCATE ON billing.bill_lines
FOR EACH STATEMENT EXECUTE FUNCTION billing.guard_issued_line();
