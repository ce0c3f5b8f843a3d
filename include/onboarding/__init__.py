"""Turns a buyer's request into one working, metered environment.

Owns: prerequisites, order, deployment, registration, first instance, activation; later release. Does not own: how the
cloud is called (alibaba, automq), when steps run and are retried (dags, orchestration).
"""
