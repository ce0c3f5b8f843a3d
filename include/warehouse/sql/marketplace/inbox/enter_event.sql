INSERT INTO marketplace.inbox (source, action, query, parameters, instance_id)
VALUES ('operator', :action, :query, CAST(:parameters AS jsonb), :instance_id)
RETURNING event_key
