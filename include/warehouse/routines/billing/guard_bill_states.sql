-- A bill's life, as the database allows it: draft → held → issued → reconciled, and void for what is not issued. A
-- bill begins as a draft. A step changes only the state and its instant, so what was reviewed is what is issued.
CREATE FUNCTION billing.guard_bill_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' THEN
            RAISE EXCEPTION 'Bill % cannot begin as %', NEW.bill_id, NEW.state
                USING HINT = 'Insert it as a draft with its lines, then bring it into that state.';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' THEN
        IF OLD.state = 'void' THEN
            RAISE EXCEPTION 'Bill % is void, and stays as the record of that', OLD.bill_id
                USING HINT = 'Restore it to a draft first.';
        END IF;
        RETURN OLD;
    END IF;
    -- What is issued is guarded by guard_issued_bill.
    IF billing.is_issued(OLD.state) THEN
        RETURN NEW;
    END IF;
    IF (OLD.bill_key, OLD.bill_id, OLD.document, OLD.subscription_key, OLD.period_start, OLD.period_end)
        IS DISTINCT FROM
        (NEW.bill_key, NEW.bill_id, NEW.document, NEW.subscription_key, NEW.period_start, NEW.period_end) THEN
        RAISE EXCEPTION 'Bill % cannot become the bill of something else', OLD.bill_id
            USING HINT = 'Delete the draft and make another.';
    END IF;
    IF NEW.state = OLD.state THEN
        IF OLD.state = 'void' THEN
            RAISE EXCEPTION 'Bill % is void and does not change', OLD.bill_id USING HINT = 'Restore it to a draft first.';
        END IF;
        RETURN NEW;
    END IF;
    IF (OLD.state, NEW.state) NOT IN (
        ('draft', 'held'), ('draft', 'issued'), ('draft', 'void'), ('held', 'issued'), ('held', 'void'),
        ('void', 'draft')
    ) THEN
        RAISE EXCEPTION 'Bill % is % and cannot become %', OLD.bill_id, OLD.state, NEW.state
            USING HINT = 'The steps are draft, held, issued, reconciled; void for drafts and held ones, and back.';
    END IF;
    IF to_jsonb(NEW) - 'state' - 'issued_at' <> to_jsonb(OLD) - 'state' - 'issued_at' THEN
        RAISE EXCEPTION 'Bill % cannot change while it becomes %', OLD.bill_id, NEW.state
            USING HINT = 'Change the draft first, then bring it into that state.';
    END IF;
    IF NEW.state IN ('held', 'issued') AND OLD.forecast_total IS NOT NULL THEN
        RAISE EXCEPTION 'Bill % is the draft of a running period', OLD.bill_id
            USING HINT = 'Close the period after its end; that makes the draft again.';
    END IF;
    IF NEW.state = 'issued' AND NEW.issued_at < NEW.period_end THEN
        RAISE EXCEPTION 'Bill % cannot be issued before its period ends', OLD.bill_id
            USING HINT = 'Close the period after its end.';
    END IF;
    IF NEW.state = 'issued' AND NEW.issued_at < (
        SELECT root.issued_at FROM billing.bills AS root WHERE root.bill_key = NEW.corrects_bill_key
    ) THEN
        RAISE EXCEPTION 'Document % cannot be dated before what it corrects', OLD.bill_id
            USING HINT = 'Issue it as of now.';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER guard_bill_state BEFORE INSERT OR UPDATE OR DELETE ON billing.bills
FOR EACH ROW EXECUTE FUNCTION billing.guard_bill_state();
ALTER TABLE billing.bills ENABLE ALWAYS TRIGGER guard_bill_state;
