-- What hangs on an issued bill never changes either (see guard_issued_line).
CREATE TRIGGER guard_issued_tax BEFORE INSERT OR UPDATE OR DELETE ON billing.bill_taxes
FOR EACH ROW EXECUTE FUNCTION billing.guard_issued_line();
CREATE TRIGGER guard_issued_taxes_from_truncate BEFORE TRUNCATE ON billing.bill_taxes
FOR EACH STATEMENT EXECUTE FUNCTION billing.guard_issued_line();
ALTER TABLE billing.bill_taxes ENABLE ALWAYS TRIGGER guard_issued_tax;
ALTER TABLE billing.bill_taxes ENABLE ALWAYS TRIGGER guard_issued_taxes_from_truncate;

CREATE TRIGGER guard_published_fee BEFORE UPDATE OR DELETE OR TRUNCATE ON billing.price_fees
FOR EACH STATEMENT EXECUTE FUNCTION billing.guard_published_price();
ALTER TABLE billing.price_fees ENABLE ALWAYS TRIGGER guard_published_fee;

-- What people did is written once.
CREATE FUNCTION billing.guard_written_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is written once and never changes', TG_TABLE_NAME
        USING HINT = 'Add a further row that says what is so from now on.';
END
$$;

CREATE TRIGGER guard_written_event BEFORE UPDATE OR DELETE OR TRUNCATE ON billing.bill_events
FOR EACH STATEMENT EXECUTE FUNCTION billing.guard_written_once();
CREATE TRIGGER guard_written_waiver BEFORE UPDATE OR DELETE OR TRUNCATE ON billing.waivers
FOR EACH STATEMENT EXECUTE FUNCTION billing.guard_written_once();
CREATE TRIGGER guard_written_offer BEFORE UPDATE OR DELETE OR TRUNCATE ON billing.private_offers
FOR EACH STATEMENT EXECUTE FUNCTION billing.guard_written_once();
ALTER TABLE billing.bill_events ENABLE ALWAYS TRIGGER guard_written_event;
ALTER TABLE billing.waivers ENABLE ALWAYS TRIGGER guard_written_waiver;
ALTER TABLE billing.private_offers ENABLE ALWAYS TRIGGER guard_written_offer;

-- A version is published whole, in one transaction: nothing is added to it later. One that starts where issued bills
-- were priced by an earlier version would rewrite what they say.
CREATE FUNCTION billing.guard_published_version() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF TG_TABLE_NAME = 'price_plan_versions' THEN
        IF EXISTS (
            SELECT FROM billing.bill_lines AS l
            INNER JOIN billing.bills AS b ON l.bill_key = b.bill_key AND b.state IN ('issued', 'settled')
            INNER JOIN billing.price_plan_versions AS v ON l.version_key = v.version_key
            WHERE
                v.plan_key = NEW.plan_key
                AND v.effective_from < NEW.effective_from
                AND l.line_end > NEW.effective_from
                AND l.kind <> 'licence'
        ) THEN
            RAISE EXCEPTION 'A version effective from % would price again what issued bills were made of',
                NEW.effective_from
                USING HINT = 'Let it start later, or correct the bills.';
        END IF;
    ELSIF (SELECT v.xmin FROM billing.price_plan_versions AS v WHERE v.version_key = NEW.version_key)
        <> CAST(pg_current_xact_id() AS xid) THEN
        RAISE EXCEPTION '% holds published prices, which never change', TG_TABLE_NAME
            USING HINT = 'Publish a further version of the price plan.';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER guard_new_version BEFORE INSERT ON billing.price_plan_versions
FOR EACH ROW EXECUTE FUNCTION billing.guard_published_version();
CREATE TRIGGER guard_new_tier BEFORE INSERT ON billing.price_tiers
FOR EACH ROW EXECUTE FUNCTION billing.guard_published_version();
CREATE TRIGGER guard_new_fee BEFORE INSERT ON billing.price_fees
FOR EACH ROW EXECUTE FUNCTION billing.guard_published_version();
ALTER TABLE billing.price_plan_versions ENABLE ALWAYS TRIGGER guard_new_version;
ALTER TABLE billing.price_tiers ENABLE ALWAYS TRIGGER guard_new_tier;
ALTER TABLE billing.price_fees ENABLE ALWAYS TRIGGER guard_new_fee;

-- A document knows the private offers that were entered until it was drafted; none is slipped in behind it.
CREATE FUNCTION billing.guard_entered_offer() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    issued text := (
        SELECT min(b.bill_id) FROM billing.bills AS b
        WHERE
            b.subscription_key = NEW.subscription_key
            AND b.state IN ('issued', 'settled')
            AND b.drafted_at >= NEW.entered_at
            AND b.period_end > NEW.effective_from
            AND b.period_start < coalesce(NEW.effective_until, 'infinity')
    );
BEGIN
    IF issued IS NOT NULL THEN
        RAISE EXCEPTION 'Bill % was drafted after %, when this offer is said to have been entered', issued, NEW.entered_at
            USING HINT = 'Enter the offer as of now; it holds for issued bills by a correction.';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_entered_offer BEFORE INSERT ON billing.private_offers
FOR EACH ROW EXECUTE FUNCTION billing.guard_entered_offer();
ALTER TABLE billing.private_offers ENABLE ALWAYS TRIGGER guard_entered_offer;

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

-- Whom a bill is for stays known under the same name: also where foreign keys are not checked (a replica's session).
CREATE FUNCTION billing.guard_billed_subscription() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF EXISTS (
        SELECT FROM billing.bills AS b
        WHERE b.subscription_key = OLD.subscription_key AND b.state IN ('issued', 'settled')
    ) AND (TG_OP = 'DELETE' OR (NEW.subscription_key, NEW.subscription_id, NEW.account_id)
        IS DISTINCT FROM (OLD.subscription_key, OLD.subscription_id, OLD.account_id)) THEN
        RAISE EXCEPTION 'Subscription % has issued bills: it stays, with its id and buyer', OLD.subscription_id
            USING HINT = 'Release the subscription instead.';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;
CREATE TRIGGER guard_billed_subscription BEFORE DELETE OR UPDATE OF subscription_key, subscription_id, account_id
ON core.subscriptions FOR EACH ROW EXECUTE FUNCTION billing.guard_billed_subscription();
ALTER TABLE core.subscriptions ENABLE ALWAYS TRIGGER guard_billed_subscription;
