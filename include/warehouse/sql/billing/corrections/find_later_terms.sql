-- The last correction of price or discount of the same bill that waits and was asked for later: its offers carry on the
-- terms of this one, if it has any.
SELECT later.correction_id
FROM billing.corrections AS c
INNER JOIN billing.corrections AS later ON c.bill_key = later.bill_key AND c.correction_key < later.correction_key
WHERE
    c.correction_key = :correction_key
    AND c.cause IN ('price', 'discount')
    AND later.cause IN ('price', 'discount')
    AND later.state = 'pending'
ORDER BY later.correction_key DESC
LIMIT 1
