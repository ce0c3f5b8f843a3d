SELECT metering.take_digests(:hour_start, CAST(:hour_start AS timestamptz) + interval '1 hour', NULL)
