-- Sessions that listen on this channel learn that there is something to apply. A notification may be lost, so it says
-- no more than that: what is to be done is in the inbox.
CREATE FUNCTION marketplace.notify_of_events() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    NOTIFY marketplace_inbox;
    RETURN NULL;
END
$$;
CREATE TRIGGER notify_of_events AFTER INSERT OR UPDATE OF state ON marketplace.inbox
FOR EACH ROW WHEN (new.state = 'received') EXECUTE FUNCTION marketplace.notify_of_events();
