"""Turns a buyer's request into one working, metered environment, and ends the subscription when the buyer releases it.

Owns: prerequisites, order, deployment, registration, first instance, activation, release. Does not own: how the
cloud is called (alibaba, automq), when steps run and are retried (dags, orchestration).
"""
