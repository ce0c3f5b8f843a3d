-- What a correction was made of, once it is on an issued document. It waits first; it becomes applied together with
-- a document of its own subscription that is issued.
CREATE FUNCTION billing.guard_applied() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    document_key bigint;
    root billing.bills;
BEGIN
    IF TG_OP <> 'INSERT' AND TG_LEVEL = 'ROW' AND OLD.state = 'withdrawn' THEN
        RAISE EXCEPTION 'A row of % was withdrawn, and stays as the record of that', TG_TABLE_NAME
            USING HINT = 'Enter another one.';
    END IF;
    IF TG_OP = 'TRUNCATE' OR (TG_OP <> 'INSERT' AND OLD.state = 'applied') THEN
        RAISE EXCEPTION '% holds what corrections on issued documents were made of, and never changes', TG_TABLE_NAME
            USING HINT = 'Correct the bill once more.';
    END IF;
    IF TG_OP = 'INSERT' AND NEW.state <> 'pending' THEN
        RAISE EXCEPTION 'A row of % cannot begin as %', TG_TABLE_NAME, NEW.state
            USING HINT = 'Enter it as pending; it is applied when a document with it is issued.';
    END IF;
    IF TG_OP <> 'DELETE' THEN
        document_key := CASE TG_TABLE_NAME
            WHEN 'corrections' THEN CAST(to_jsonb(NEW) ->> 'document_bill_key' AS bigint)
            ELSE CAST(to_jsonb(NEW) ->> 'applied_on_bill_key' AS bigint)
        END;
        root := (SELECT b FROM billing.bills AS b WHERE b.bill_key = NEW.bill_key);
        IF root.bill_key IS NULL OR root.document <> 'bill' OR NOT billing.is_issued(root.state) THEN
            RAISE EXCEPTION 'A row of % corrects bill %, which is not issued', TG_TABLE_NAME, root.bill_id
                USING HINT = 'Only what is issued is corrected: change what the bill is made of, and close again.';
        END IF;
        IF TG_TABLE_NAME = 'late_usage' AND (
            CAST(to_jsonb(NEW) ->> 'subscription_key' AS bigint) <> root.subscription_key
            OR NOT CAST(to_jsonb(NEW) ->> 'hour_start' AS timestamptz) >= root.period_start
            OR NOT CAST(to_jsonb(NEW) ->> 'hour_start' AS timestamptz) < root.period_end
        ) THEN
            RAISE EXCEPTION 'The adjustment is not of an hour of bill %', root.bill_id
                USING HINT = 'Enter it for the bill that has the hour.';
        END IF;
        IF NEW.state = 'applied' AND NOT EXISTS (
            SELECT FROM billing.bills AS b
            WHERE
                b.bill_key = document_key
                AND b.subscription_key = root.subscription_key
                AND billing.is_issued(b.state)
                AND (b.corrects_bill_key = root.bill_key OR b.period_start > root.period_start)
        ) THEN
            RAISE EXCEPTION 'What corrects bill % can only be applied on a later issued document of its subscription',
                root.bill_id
                USING HINT = 'Issue the document first.';
        END IF;
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;
CREATE TRIGGER guard_applied_late_usage BEFORE INSERT OR UPDATE OR DELETE ON billing.late_usage
FOR EACH ROW EXECUTE FUNCTION billing.guard_applied();
CREATE TRIGGER guard_applied_late_usage_from_truncate BEFORE TRUNCATE ON billing.late_usage
FOR EACH STATEMENT EXECUTE FUNCTION billing.guard_applied();
CREATE TRIGGER guard_applied_correction BEFORE INSERT OR UPDATE OR DELETE ON billing.corrections
FOR EACH ROW EXECUTE FUNCTION billing.guard_applied();
CREATE TRIGGER guard_applied_corrections_from_truncate BEFORE TRUNCATE ON billing.corrections
FOR EACH STATEMENT EXECUTE FUNCTION billing.guard_applied();
ALTER TABLE billing.late_usage ENABLE ALWAYS TRIGGER guard_applied_late_usage;
ALTER TABLE billing.late_usage ENABLE ALWAYS TRIGGER guard_applied_late_usage_from_truncate;
ALTER TABLE billing.corrections ENABLE ALWAYS TRIGGER guard_applied_correction;
ALTER TABLE billing.corrections ENABLE ALWAYS TRIGGER guard_applied_corrections_from_truncate;
