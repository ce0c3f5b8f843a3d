-- What is left of a bill once this document is issued.
SELECT * FROM billing.left_to_give_back(:root_key, :document_key)
ORDER BY array_position(ARRAY['line', 'charge', 'rate', 'bill', 'total'], scope), line_no, tax_rate
