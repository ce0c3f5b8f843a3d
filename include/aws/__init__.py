"""AWS Marketplace's metering service, over boto3.

Owns: how a call is made and what its failure means. Does not own: when to call, and what follows from the answer.
"""
