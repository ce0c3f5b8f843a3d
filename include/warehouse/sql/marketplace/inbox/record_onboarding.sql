UPDATE marketplace.instances SET onboarding_run = :run_id WHERE instance_id = :instance_id AND onboarding_run IS NULL
