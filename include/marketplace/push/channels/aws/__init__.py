"""BatchMeterUsage of AWS Marketplace."""
