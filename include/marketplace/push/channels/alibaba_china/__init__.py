"""PushMeteringData of Alibaba Cloud Marketplace's China site."""
