-- Whom a bill is for stays known under the same name: also where foreign keys are not checked (a replica's session).
CREATE FUNCTION billing.guard_billed_subscription() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF EXISTS (
        SELECT FROM billing.bills AS b
        WHERE b.subscription_key = OLD.subscription_key AND billing.is_issued(b.state)
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
