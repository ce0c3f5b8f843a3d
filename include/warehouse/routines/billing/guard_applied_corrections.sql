-- What a correction was made of, once it stands on an issued document.
CREATE FUNCTION billing.guard_applied() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' OR OLD.state = 'applied' THEN
        RAISE EXCEPTION '% holds what corrections on issued documents were made of, and never changes', TG_TABLE_NAME
            USING HINT = 'Correct the bill once more.';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;
CREATE TRIGGER guard_applied_adjustment BEFORE UPDATE OR DELETE ON billing.pending_adjustments
FOR EACH ROW EXECUTE FUNCTION billing.guard_applied();
CREATE TRIGGER guard_applied_adjustments_from_truncate BEFORE TRUNCATE ON billing.pending_adjustments
FOR EACH STATEMENT EXECUTE FUNCTION billing.guard_applied();
CREATE TRIGGER guard_applied_correction BEFORE UPDATE OR DELETE ON billing.corrections
FOR EACH ROW EXECUTE FUNCTION billing.guard_applied();
CREATE TRIGGER guard_applied_corrections_from_truncate BEFORE TRUNCATE ON billing.corrections
FOR EACH STATEMENT EXECUTE FUNCTION billing.guard_applied();
ALTER TABLE billing.pending_adjustments ENABLE ALWAYS TRIGGER guard_applied_adjustment;
ALTER TABLE billing.pending_adjustments ENABLE ALWAYS TRIGGER guard_applied_adjustments_from_truncate;
ALTER TABLE billing.corrections ENABLE ALWAYS TRIGGER guard_applied_correction;
ALTER TABLE billing.corrections ENABLE ALWAYS TRIGGER guard_applied_corrections_from_truncate;
