"""The billing pages: one module a page, with its route and what it reads; templates/ draws them."""
