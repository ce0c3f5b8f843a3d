"""The AutoMQ environment console: its REST client and its request signature.

Owns: how a console is asked and what its failure means. Does not own: what a reading means for usage (metering).
"""
