"""Hears a marketplace and tells it: its callbacks and what they make of a subscription, and the usage that it is sent.

Owns: the HTTP surface that the Marketplace calls, the inbox, the order in which its events take effect; metering pushes
and their ledger. Does not own: what an event means (domain), subscriptions as they are metered and billed (onboarding),
their usage (metering), the Marketplace's bill (reconciliation), when events are applied (dags, orchestration).
"""
