INSERT INTO marketplace.push_attempts (channel, product_code, begun_at, request)
VALUES (:channel, :product_code, :now, :request)
RETURNING attempt_key
