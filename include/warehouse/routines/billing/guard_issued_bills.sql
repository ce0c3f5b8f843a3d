-- Issued bills never change: the database refuses every attempt. The one change allowed is issued → reconciled.
CREATE FUNCTION billing.guard_issued_bill() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        RAISE EXCEPTION '% may hold issued bills and cannot be truncated', TG_TABLE_NAME
            USING HINT = 'Void drafts one by one instead.';
    END IF;
    IF NOT billing.is_issued(OLD.state) THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.state = 'issued' AND NEW.state = 'reconciled'
        AND to_jsonb(NEW) - 'state' - 'reconciled_at' = to_jsonb(OLD) - 'state' - 'reconciled_at' THEN
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

-- For what hangs on a bill: its lines, and the findings that it was held for.
CREATE FUNCTION billing.guard_issued_line() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bill record;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        RAISE EXCEPTION '% may belong to issued bills and cannot be truncated', TG_TABLE_NAME
            USING HINT = 'Delete those of one draft instead.';
    END IF;
    -- The lock waits for a session that is issuing the bill now, and then sees that it was.
    FOR bill IN
        SELECT bill_id, state FROM billing.bills
        WHERE bill_key IN (
            CASE WHEN TG_OP <> 'INSERT' THEN OLD.bill_key END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.bill_key END
        )
        ORDER BY bill_key
        FOR SHARE
    LOOP
        IF billing.is_issued(bill.state) THEN
            RAISE EXCEPTION 'Bill % is issued, and so its % never change', bill.bill_id, TG_TABLE_NAME
                USING HINT = 'Correct it with an adjustment or a credit note.';
        END IF;
    END LOOP;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;

CREATE TRIGGER guard_issued_line BEFORE INSERT OR UPDATE OR DELETE ON billing.bill_lines
FOR EACH ROW EXECUTE FUNCTION billing.guard_issued_line();
CREATE TRIGGER guard_issued_lines_from_truncate BEFORE TRUNCATE ON billing.bill_lines
FOR EACH STATEMENT EXECUTE FUNCTION billing.guard_issued_line();
CREATE TRIGGER guard_issued_finding BEFORE INSERT OR UPDATE OR DELETE ON billing.bill_findings
FOR EACH ROW EXECUTE FUNCTION billing.guard_issued_line();
CREATE TRIGGER guard_issued_findings_from_truncate BEFORE TRUNCATE ON billing.bill_findings
FOR EACH STATEMENT EXECUTE FUNCTION billing.guard_issued_line();
CREATE TRIGGER guard_issued_tax BEFORE INSERT OR UPDATE OR DELETE ON billing.bill_taxes
FOR EACH ROW EXECUTE FUNCTION billing.guard_issued_line();
CREATE TRIGGER guard_issued_taxes_from_truncate BEFORE TRUNCATE ON billing.bill_taxes
FOR EACH STATEMENT EXECUTE FUNCTION billing.guard_issued_line();

-- Also where the session says that it only replays what another server did (session_replication_role).
ALTER TABLE billing.bills ENABLE ALWAYS TRIGGER guard_issued_bill;
ALTER TABLE billing.bills ENABLE ALWAYS TRIGGER guard_issued_bills_from_truncate;
ALTER TABLE billing.bill_lines ENABLE ALWAYS TRIGGER guard_issued_line;
ALTER TABLE billing.bill_lines ENABLE ALWAYS TRIGGER guard_issued_lines_from_truncate;
ALTER TABLE billing.bill_findings ENABLE ALWAYS TRIGGER guard_issued_finding;
ALTER TABLE billing.bill_findings ENABLE ALWAYS TRIGGER guard_issued_findings_from_truncate;
ALTER TABLE billing.bill_taxes ENABLE ALWAYS TRIGGER guard_issued_tax;
ALTER TABLE billing.bill_taxes ENABLE ALWAYS TRIGGER guard_issued_taxes_from_truncate;
