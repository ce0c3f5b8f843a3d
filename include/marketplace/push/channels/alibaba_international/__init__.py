"""PushMeteringData of Alibaba Cloud Marketplace's international site, and DescribePushMeteringData to ask it."""
