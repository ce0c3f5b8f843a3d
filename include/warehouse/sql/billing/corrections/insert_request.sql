INSERT INTO billing.corrections (
    correction_id, bill_key, cause, delivery, reason, offer_key, refund_amount, refund_line_no, requested_by,
    requested_at
)
VALUES (
    :correction_id, :bill_key, :cause, :delivery, :reason, :offer_key, :refund_amount, :refund_line_no, :requested_by,
    :requested_at
)
