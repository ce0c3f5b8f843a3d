-- Stores a notification; one that is here already stays as it is.
INSERT INTO marketplace.inbox (source, request_id, action, query, parameters, instance_id)
VALUES ('notification', :request_id, :action, :query, CAST(:parameters AS jsonb), :instance_id)
ON CONFLICT (request_id) DO NOTHING
