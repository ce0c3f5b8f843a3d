INSERT INTO billing.price_plans (name, currency, time_zone)
VALUES (:name, :currency, :time_zone)
ON CONFLICT (name) DO NOTHING
