-- Images known to be paid: they stay so when the Marketplace no longer shows them.
SELECT DISTINCT image_id
FROM operations.machines
