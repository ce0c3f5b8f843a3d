-- Written by include/warehouse/migrations/baseline.py from the table definitions.
CREATE SCHEMA core;
COMMENT ON SCHEMA core IS 'Who subscribed to what: buyers, subscriptions, environments, instances, licences.';
CREATE SCHEMA metering;
COMMENT ON SCHEMA metering IS 'What consoles said and what it means: polls, readings, usage per hour, gaps, rejections, imports.';
CREATE SCHEMA billing;
COMMENT ON SCHEMA billing IS 'Price plans, bills and their lines. Issued bills never change.';
CREATE SCHEMA reconciliation;
COMMENT ON SCHEMA reconciliation IS 'What the Marketplace charged, and its agreement with our bills.';
CREATE SCHEMA marketplace;
COMMENT ON SCHEMA marketplace IS 'What the Marketplace said, in the order in which it came, and what became of it.';
CREATE SCHEMA reporting;
COMMENT ON SCHEMA reporting IS 'Which documents were written to which files.';
CREATE SCHEMA operations;
COMMENT ON SCHEMA operations IS 'Alarms, notifications of operators, and machines compared with instances.';
CREATE SCHEMA analytics;
COMMENT ON SCHEMA analytics IS 'Bills, their lines, usage and cost by day, customer, region and department, under stable names.';
CREATE TABLE billing.bill_events (
	event_key BIGINT GENERATED ALWAYS AS IDENTITY,
	bill_id TEXT NOT NULL,
	from_state TEXT,
	to_state TEXT NOT NULL,
	who TEXT NOT NULL,
	reason TEXT,
	findings JSONB,
	held_fingerprint TEXT,
	rejected_fingerprint TEXT,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT bill_events_pkey PRIMARY KEY (event_key)
);
COMMENT ON TABLE billing.bill_events IS 'Who brought which bill into which state, when and why. Written once, never changed.';
COMMENT ON COLUMN billing.bill_events.event_key IS 'Surrogate key.';
COMMENT ON COLUMN billing.bill_events.bill_id IS 'Bill; its drafts come and go, its story stays.';
COMMENT ON COLUMN billing.bill_events.from_state IS 'State before; null at its first draft.';
COMMENT ON COLUMN billing.bill_events.to_state IS 'State from then on.';
COMMENT ON COLUMN billing.bill_events.who IS 'The person, or the run that did it.';
COMMENT ON COLUMN billing.bill_events.reason IS 'Why, as the person said; null where nothing was asked.';
COMMENT ON COLUMN billing.bill_events.findings IS 'Where findings hold the bill: these, each with its facts; else null.';
COMMENT ON COLUMN billing.bill_events.held_fingerprint IS 'Where the bill began to wait for a person: fingerprint of the draft that waits; null for every other event.';
COMMENT ON COLUMN billing.bill_events.rejected_fingerprint IS 'Where a person rejected the bill: fingerprint of the draft that was rejected; null for every other event.';
COMMENT ON COLUMN billing.bill_events.at IS 'When.';
CREATE INDEX bill_events_by_bill ON billing.bill_events (bill_id, event_key);
CREATE TABLE billing.plan_comparisons (
	comparison_key BIGINT GENERATED ALWAYS AS IDENTITY,
	run_id TEXT NOT NULL,
	period TEXT NOT NULL,
	first_plan TEXT NOT NULL,
	second_plan TEXT NOT NULL,
	asked_by TEXT NOT NULL,
	asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
	state TEXT DEFAULT 'running' NOT NULL,
	plans_priced INTEGER DEFAULT '0' NOT NULL,
	failure TEXT,
	ended_at TIMESTAMP WITH TIME ZONE,
	currency TEXT,
	CONSTRAINT plan_comparisons_pkey PRIMARY KEY (comparison_key),
	CONSTRAINT plan_comparisons_state_check CHECK (state IN ('running', 'done', 'failed')),
	CONSTRAINT plan_comparisons_ended_check CHECK ((state = 'running') = (ended_at IS NULL)),
	CONSTRAINT plan_comparisons_failure_check CHECK ((state = 'failed') = (failure IS NOT NULL)),
	CONSTRAINT plan_comparisons_currency_check CHECK ((state = 'done') = (currency IS NOT NULL)),
	CONSTRAINT plan_comparisons_run_id_unique UNIQUE (run_id)
);
COMMENT ON TABLE billing.plan_comparisons IS 'What-if: a period''s metered usage priced by two published plans. No bill is changed.';
COMMENT ON COLUMN billing.plan_comparisons.comparison_key IS 'Surrogate key.';
COMMENT ON COLUMN billing.plan_comparisons.run_id IS 'Run that compares; it asks once, however often its tasks run.';
COMMENT ON COLUMN billing.plan_comparisons.period IS 'Billing period whose metered usage is priced, YYYY-MM.';
COMMENT ON COLUMN billing.plan_comparisons.first_plan IS 'Published plan that is compared.';
COMMENT ON COLUMN billing.plan_comparisons.second_plan IS 'The plan it is compared with.';
COMMENT ON COLUMN billing.plan_comparisons.asked_by IS 'Person or run that asked.';
COMMENT ON COLUMN billing.plan_comparisons.asked_at IS 'When.';
COMMENT ON COLUMN billing.plan_comparisons.state IS 'running, done or failed.';
COMMENT ON COLUMN billing.plan_comparisons.plans_priced IS 'How many of the two plans the usage was priced by so far.';
COMMENT ON COLUMN billing.plan_comparisons.failure IS 'Why it failed and what to do; null when it did not.';
COMMENT ON COLUMN billing.plan_comparisons.ended_at IS 'When it was done or failed; null while it runs.';
COMMENT ON COLUMN billing.plan_comparisons.currency IS 'ISO 4217 code of all amounts; null until it is done.';
CREATE TABLE billing.price_plans (
	plan_key BIGINT GENERATED ALWAYS AS IDENTITY,
	name TEXT NOT NULL,
	currency TEXT NOT NULL,
	time_zone TEXT NOT NULL,
	CONSTRAINT price_plans_pkey PRIMARY KEY (plan_key),
	CONSTRAINT price_plans_name_unique UNIQUE (name)
);
COMMENT ON TABLE billing.price_plans IS 'Price plans, published from files.';
COMMENT ON COLUMN billing.price_plans.plan_key IS 'Surrogate key.';
COMMENT ON COLUMN billing.price_plans.name IS 'Name of the plan.';
COMMENT ON COLUMN billing.price_plans.currency IS 'ISO 4217 code.';
COMMENT ON COLUMN billing.price_plans.time_zone IS 'IANA zone whose calendar months are the billing periods.';
CREATE UNLOGGED TABLE billing.rating_hours (
	subscription_key BIGINT NOT NULL,
	hour_start TIMESTAMP WITH TIME ZONE NOT NULL,
	aku_seconds BIGINT NOT NULL,
	peak_aku BIGINT NOT NULL,
	whole_hour_aku_seconds BIGINT NOT NULL,
	CONSTRAINT rating_hours_pkey PRIMARY KEY (subscription_key, hour_start)
)
 WITH (autovacuum_analyze_threshold = 2147483647);
COMMENT ON TABLE billing.rating_hours IS 'Working table of rating, empty outside a transaction: hours that count instead of the metered ones.';
COMMENT ON COLUMN billing.rating_hours.subscription_key IS 'Subscription.';
COMMENT ON COLUMN billing.rating_hours.hour_start IS 'Start of the UTC hour.';
COMMENT ON COLUMN billing.rating_hours.aku_seconds IS 'AKU-seconds.';
COMMENT ON COLUMN billing.rating_hours.peak_aku IS 'Largest AKU of each instance in the hour, added up.';
COMMENT ON COLUMN billing.rating_hours.whole_hour_aku_seconds IS 'AKU-seconds if each instance had its mean AKU in use for the whole hour.';
CREATE UNLOGGED TABLE billing.rating_segments (
	subscription_key BIGINT NOT NULL,
	segment_no INTEGER NOT NULL,
	segment_start TIMESTAMP WITH TIME ZONE NOT NULL,
	segment_end TIMESTAMP WITH TIME ZONE NOT NULL,
	version_key BIGINT,
	discount_percent NUMERIC NOT NULL,
	active_seconds BIGINT NOT NULL,
	is_whole BOOLEAN NOT NULL,
	is_priced_hourly BOOLEAN NOT NULL,
	hour_measure TEXT NOT NULL,
	scaled_price BIGINT NOT NULL,
	divisor BIGINT NOT NULL,
	addend BIGINT NOT NULL,
	is_half_even BOOLEAN NOT NULL,
	max_aku_seconds BIGINT NOT NULL
)
 WITH (autovacuum_analyze_threshold = 2147483647);
COMMENT ON TABLE billing.rating_segments IS 'Working table of rating, empty outside a transaction: the period cut where a price changes.';
COMMENT ON COLUMN billing.rating_segments.subscription_key IS 'Subscription.';
COMMENT ON COLUMN billing.rating_segments.segment_no IS 'Number of the segment in the period, from 1.';
COMMENT ON COLUMN billing.rating_segments.segment_start IS 'Start of the segment (inclusive).';
COMMENT ON COLUMN billing.rating_segments.segment_end IS 'End of the segment (exclusive).';
COMMENT ON COLUMN billing.rating_segments.version_key IS 'Price plan version in force; null where there is none.';
COMMENT ON COLUMN billing.rating_segments.discount_percent IS 'Discount in force.';
COMMENT ON COLUMN billing.rating_segments.active_seconds IS 'Seconds of the segment in which the subscription is active.';
COMMENT ON COLUMN billing.rating_segments.is_whole IS 'Whether the segment is its whole period.';
COMMENT ON COLUMN billing.rating_segments.is_priced_hourly IS 'Whether the subscription''s hours are counted one after the other, see charged_hours.';
COMMENT ON COLUMN billing.rating_segments.hour_measure IS 'How hours that begin in the segment are charged, see billing.charged_aku_seconds.';
COMMENT ON COLUMN billing.rating_segments.scaled_price IS 'Price of each hour''s usage as a whole number, or 0 where hours have no amount of their own.';
COMMENT ON COLUMN billing.rating_segments.divisor IS 'What AKU-seconds × scaled_price is divided by to have whole last places of an amount.';
COMMENT ON COLUMN billing.rating_segments.addend IS 'What is added before that division, so that it rounds.';
COMMENT ON COLUMN billing.rating_segments.is_half_even IS 'Whether exact halves go to the even neighbour.';
COMMENT ON COLUMN billing.rating_segments.max_aku_seconds IS 'AKU-seconds in an hour up to which that arithmetic stays within BIGINT.';
CREATE TABLE core.buyers (
	account_id TEXT NOT NULL,
	site TEXT NOT NULL,
	registered_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT buyers_pkey PRIMARY KEY (account_id)
);
COMMENT ON TABLE core.buyers IS 'Cloud accounts that subscribed.';
COMMENT ON COLUMN core.buyers.account_id IS 'Cloud account that subscribed (aliUid).';
COMMENT ON COLUMN core.buyers.site IS 'Site of the cloud the account belongs to: china or international.';
COMMENT ON COLUMN core.buyers.registered_at IS 'When the buyer was first entered.';
CREATE TABLE marketplace.agreement_bills (
	bill_key BIGINT NOT NULL,
	subscription_key BIGINT NOT NULL,
	period_start TIMESTAMP WITH TIME ZONE NOT NULL,
	period_end TIMESTAMP WITH TIME ZONE NOT NULL,
	currency TEXT NOT NULL,
	amount NUMERIC NOT NULL,
	licensed NUMERIC NOT NULL,
	free NUMERIC NOT NULL,
	accepted NUMERIC NOT NULL,
	expected NUMERIC NOT NULL,
	unknown NUMERIC NOT NULL,
	missed NUMERIC NOT NULL,
	refused NUMERIC NOT NULL,
	waiting NUMERIC NOT NULL,
	carried NUMERIC NOT NULL,
	difference NUMERIC NOT NULL,
	added_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT agreement_bills_pkey PRIMARY KEY (bill_key)
);
COMMENT ON TABLE marketplace.agreement_bills IS 'marketplace.agreement_in_money as it was when it was added up last.';
COMMENT ON COLUMN marketplace.agreement_bills.bill_key IS 'Bill, as it was then.';
COMMENT ON COLUMN marketplace.agreement_bills.subscription_key IS 'Subscription.';
COMMENT ON COLUMN marketplace.agreement_bills.period_start IS 'Start of its period (inclusive).';
COMMENT ON COLUMN marketplace.agreement_bills.period_end IS 'End of its period (exclusive).';
COMMENT ON COLUMN marketplace.agreement_bills.currency IS 'ISO 4217 code of all amounts.';
COMMENT ON COLUMN marketplace.agreement_bills.amount IS 'As in marketplace.agreement_in_money: amount.';
COMMENT ON COLUMN marketplace.agreement_bills.licensed IS 'As in marketplace.agreement_in_money: licensed.';
COMMENT ON COLUMN marketplace.agreement_bills.free IS 'As in marketplace.agreement_in_money: free.';
COMMENT ON COLUMN marketplace.agreement_bills.accepted IS 'As in marketplace.agreement_in_money: accepted.';
COMMENT ON COLUMN marketplace.agreement_bills.expected IS 'As in marketplace.agreement_in_money: expected.';
COMMENT ON COLUMN marketplace.agreement_bills.unknown IS 'As in marketplace.agreement_in_money: unknown.';
COMMENT ON COLUMN marketplace.agreement_bills.missed IS 'As in marketplace.agreement_in_money: missed.';
COMMENT ON COLUMN marketplace.agreement_bills.refused IS 'As in marketplace.agreement_in_money: refused.';
COMMENT ON COLUMN marketplace.agreement_bills.waiting IS 'As in marketplace.agreement_in_money: waiting.';
COMMENT ON COLUMN marketplace.agreement_bills.carried IS 'As in marketplace.agreement_in_money: carried.';
COMMENT ON COLUMN marketplace.agreement_bills.difference IS 'As in marketplace.agreement_in_money: difference.';
COMMENT ON COLUMN marketplace.agreement_bills.added_at IS 'When the run began that added it up.';
CREATE INDEX agreement_bills_by_period ON marketplace.agreement_bills (period_start);
CREATE INDEX agreement_bills_by_subscription ON marketplace.agreement_bills (subscription_key, period_start);
CREATE TABLE marketplace.agreement_changes (
	change_key BIGINT GENERATED ALWAYS AS IDENTITY,
	subscription_key BIGINT NOT NULL,
	day_start TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT agreement_changes_pkey PRIMARY KEY (change_key)
);
COMMENT ON TABLE marketplace.agreement_changes IS 'Days whose usage or records changed since they were added up; noted by what changes them.';
COMMENT ON COLUMN marketplace.agreement_changes.change_key IS 'Surrogate key.';
COMMENT ON COLUMN marketplace.agreement_changes.subscription_key IS 'Subscription.';
COMMENT ON COLUMN marketplace.agreement_changes.day_start IS 'Start of the day, in UTC+8.';
CREATE INDEX agreement_changes_by_day ON marketplace.agreement_changes (day_start);
CREATE TABLE marketplace.agreement_days (
	day_start TIMESTAMP WITH TIME ZONE NOT NULL,
	subscription_key BIGINT NOT NULL,
	metered BIGINT NOT NULL,
	licensed BIGINT NOT NULL,
	free BIGINT NOT NULL,
	accepted BIGINT NOT NULL,
	expected BIGINT NOT NULL,
	unknown BIGINT NOT NULL,
	missed BIGINT NOT NULL,
	refused BIGINT NOT NULL,
	waiting BIGINT NOT NULL,
	carried BIGINT NOT NULL,
	difference BIGINT NOT NULL,
	unrecorded BIGINT NOT NULL,
	added_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT agreement_days_pkey PRIMARY KEY (day_start, subscription_key)
);
COMMENT ON TABLE marketplace.agreement_days IS 'marketplace.agreement added up by subscription and day, so that a month is read in no time.';
COMMENT ON COLUMN marketplace.agreement_days.day_start IS 'Start of the day, in UTC+8.';
COMMENT ON COLUMN marketplace.agreement_days.subscription_key IS 'Subscription.';
COMMENT ON COLUMN marketplace.agreement_days.metered IS 'AKU-seconds, as in marketplace.agreement: metered.';
COMMENT ON COLUMN marketplace.agreement_days.licensed IS 'AKU-seconds, as in marketplace.agreement: licensed.';
COMMENT ON COLUMN marketplace.agreement_days.free IS 'AKU-seconds, as in marketplace.agreement: free.';
COMMENT ON COLUMN marketplace.agreement_days.accepted IS 'AKU-seconds, as in marketplace.agreement: accepted.';
COMMENT ON COLUMN marketplace.agreement_days.expected IS 'AKU-seconds, as in marketplace.agreement: expected.';
COMMENT ON COLUMN marketplace.agreement_days.unknown IS 'AKU-seconds, as in marketplace.agreement: unknown.';
COMMENT ON COLUMN marketplace.agreement_days.missed IS 'AKU-seconds, as in marketplace.agreement: missed.';
COMMENT ON COLUMN marketplace.agreement_days.refused IS 'AKU-seconds, as in marketplace.agreement: refused.';
COMMENT ON COLUMN marketplace.agreement_days.waiting IS 'AKU-seconds, as in marketplace.agreement: waiting.';
COMMENT ON COLUMN marketplace.agreement_days.carried IS 'AKU-seconds, as in marketplace.agreement: carried.';
COMMENT ON COLUMN marketplace.agreement_days.difference IS 'AKU-seconds, as in marketplace.agreement: difference.';
COMMENT ON COLUMN marketplace.agreement_days.unrecorded IS 'Sum of the hours'' differences above 0: usage that no record has.';
COMMENT ON COLUMN marketplace.agreement_days.added_at IS 'When the run began that added it up.';
CREATE INDEX agreement_days_by_subscription ON marketplace.agreement_days (subscription_key, day_start);
CREATE TABLE marketplace.findings (
	finding_key BIGINT GENERATED ALWAYS AS IDENTITY,
	order_id TEXT NOT NULL,
	kind TEXT NOT NULL,
	facts JSONB NOT NULL,
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
	resolved_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT findings_pkey PRIMARY KEY (finding_key),
	CONSTRAINT findings_kind_check CHECK (kind IN ('release_lost', 'expiry_lost', 'renewal_lost', 'runs_there', 'unknown_there', 'order_refunded', 'expiry_differs', 'status_unknown')),
	CONSTRAINT findings_life_check CHECK (resolved_at >= opened_at)
);
COMMENT ON TABLE marketplace.findings IS 'Subscriptions of which the Marketplace says something else than its events made of them.';
COMMENT ON COLUMN marketplace.findings.finding_key IS 'Surrogate key.';
COMMENT ON COLUMN marketplace.findings.order_id IS 'Order of the subscription.';
COMMENT ON COLUMN marketplace.findings.kind IS 'release_lost, expiry_lost, renewal_lost, runs_there, unknown_there, order_refunded, expiry_differs or status_unknown.';
COMMENT ON COLUMN marketplace.findings.facts IS 'What its sentence says.';
COMMENT ON COLUMN marketplace.findings.opened_at IS 'Logical time of the comparison that found it: its age counts from here.';
COMMENT ON COLUMN marketplace.findings.last_seen_at IS 'Logical time of the last comparison that found it.';
COMMENT ON COLUMN marketplace.findings.resolved_at IS 'Logical time of the comparison that found it over; null while it is open.';
CREATE UNIQUE INDEX findings_open ON marketplace.findings (order_id, kind) WHERE resolved_at IS NULL;
CREATE TABLE marketplace.inbox (
	event_key BIGINT GENERATED ALWAYS AS IDENTITY,
	received_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
	source TEXT DEFAULT 'callback' NOT NULL,
	request_id TEXT,
	action TEXT NOT NULL,
	query TEXT NOT NULL,
	parameters JSONB NOT NULL,
	instance_id TEXT NOT NULL,
	state TEXT DEFAULT 'received' NOT NULL,
	reason TEXT,
	facts JSONB DEFAULT '{}'::jsonb NOT NULL,
	tries INTEGER DEFAULT '0' NOT NULL,
	next_try_at TIMESTAMP WITH TIME ZONE,
	decided_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT inbox_pkey PRIMARY KEY (event_key),
	CONSTRAINT inbox_source_check CHECK (source IN ('callback', 'notification', 'operator')),
	CONSTRAINT inbox_state_check CHECK (state IN ('received', 'applied', 'repeated', 'parked')),
	CONSTRAINT inbox_reason_check CHECK ((state = 'parked') = (reason IS NOT NULL)),
	CONSTRAINT inbox_request_id_check CHECK ((source = 'notification') = (request_id IS NOT NULL)),
	CONSTRAINT inbox_request_id_unique UNIQUE (request_id)
);
COMMENT ON TABLE marketplace.inbox IS 'Everything that the Marketplace said, one row per call, stored before it is answered.';
COMMENT ON COLUMN marketplace.inbox.event_key IS 'Surrogate key, in the order of arrival.';
COMMENT ON COLUMN marketplace.inbox.received_at IS 'When it was stored, by the database''s clock.';
COMMENT ON COLUMN marketplace.inbox.source IS 'callback, notification (fetched after it could not be delivered) or operator (entered by hand). The role that stores callbacks cannot choose it.';
COMMENT ON COLUMN marketplace.inbox.request_id IS 'Id of a fetched notification; null for others.';
COMMENT ON COLUMN marketplace.inbox.action IS 'What it says, like renewInstance; empty when it does not say.';
COMMENT ON COLUMN marketplace.inbox.query IS 'The query as it came, still encoded, without the token''s value.';
COMMENT ON COLUMN marketplace.inbox.parameters IS 'Its decoded parameters by name, unknown ones included; without the token.';
COMMENT ON COLUMN marketplace.inbox.instance_id IS 'Subscription that it belongs to: orderBizId of createInstance, instanceId of others; empty when it names none.';
COMMENT ON COLUMN marketplace.inbox.state IS 'received, applied, repeated or parked.';
COMMENT ON COLUMN marketplace.inbox.reason IS 'Why it is parked, as a key of include/domain/words/marketplace.py.';
COMMENT ON COLUMN marketplace.inbox.facts IS 'What the reason''s sentence says.';
COMMENT ON COLUMN marketplace.inbox.tries IS 'How often it was tried to apply it.';
COMMENT ON COLUMN marketplace.inbox.next_try_at IS 'Not before this instant is it tried again; null when at once.';
COMMENT ON COLUMN marketplace.inbox.decided_at IS 'When it was applied, found repeated or parked.';
CREATE INDEX inbox_by_instance ON marketplace.inbox (instance_id, event_key);
CREATE INDEX inbox_parked ON marketplace.inbox (event_key) WHERE state = 'parked';
CREATE INDEX inbox_waiting ON marketplace.inbox (instance_id, event_key) WHERE state = 'received';
CREATE TABLE marketplace.instances (
	instance_id TEXT NOT NULL,
	order_id TEXT NOT NULL,
	account_id TEXT,
	product_code TEXT,
	sku_id TEXT NOT NULL,
	state TEXT NOT NULL,
	expires_at TIMESTAMP WITH TIME ZONE,
	applied JSONB NOT NULL,
	marketplace_instance_id TEXT,
	onboarding_run TEXT,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	followed_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT instances_pkey PRIMARY KEY (instance_id),
	CONSTRAINT instances_state_check CHECK (state IN ('active', 'frozen', 'released'))
);
COMMENT ON TABLE marketplace.instances IS 'Subscriptions as the Marketplace''s events left them.';
COMMENT ON COLUMN marketplace.instances.instance_id IS 'Id that callbacks name: orderBizId of its createInstance, which is our answer to it.';
COMMENT ON COLUMN marketplace.instances.order_id IS 'Order that created it.';
COMMENT ON COLUMN marketplace.instances.account_id IS 'Buyer (aliUid), as its createInstance says; null when it does not.';
COMMENT ON COLUMN marketplace.instances.product_code IS 'Product, as its createInstance says; null when it does not.';
COMMENT ON COLUMN marketplace.instances.sku_id IS 'What was bought, or upgraded to.';
COMMENT ON COLUMN marketplace.instances.state IS 'active (deployment included), frozen or released.';
COMMENT ON COLUMN marketplace.instances.expires_at IS 'End of its term; null for one that runs until it is released.';
COMMENT ON COLUMN marketplace.instances.applied IS 'Action and order of each renewal and upgrade that had its effect.';
COMMENT ON COLUMN marketplace.instances.marketplace_instance_id IS 'Id by which the Marketplace meters it; null until it is onboarded.';
COMMENT ON COLUMN marketplace.instances.onboarding_run IS 'Run of subscription_onboarding that was started for it; null without.';
COMMENT ON COLUMN marketplace.instances.created_at IS 'When its createInstance was received.';
COMMENT ON COLUMN marketplace.instances.changed_at IS 'When the last event that changed it was received.';
COMMENT ON COLUMN marketplace.instances.followed_at IS 'Value of changed_at that core.subscriptions has followed; null while it is not onboarded.';
CREATE INDEX instances_by_order ON marketplace.instances (order_id);
CREATE INDEX instances_to_follow ON marketplace.instances (instance_id) WHERE followed_at IS DISTINCT FROM changed_at;
CREATE TABLE marketplace.push_attempts (
	attempt_key BIGINT GENERATED ALWAYS AS IDENTITY,
	channel TEXT NOT NULL,
	product_code TEXT NOT NULL,
	begun_at TIMESTAMP WITH TIME ZONE NOT NULL,
	request TEXT NOT NULL,
	ended_at TIMESTAMP WITH TIME ZONE,
	result TEXT,
	answer JSONB,
	request_id TEXT,
	duration_ms INTEGER,
	CONSTRAINT push_attempts_pkey PRIMARY KEY (attempt_key)
);
COMMENT ON TABLE marketplace.push_attempts IS 'Requests to marketplaces, each entered before its call.';
COMMENT ON COLUMN marketplace.push_attempts.attempt_key IS 'Surrogate key.';
COMMENT ON COLUMN marketplace.push_attempts.channel IS 'Marketplace.';
COMMENT ON COLUMN marketplace.push_attempts.product_code IS 'Product of all its records.';
COMMENT ON COLUMN marketplace.push_attempts.begun_at IS 'When it was entered, before the call.';
COMMENT ON COLUMN marketplace.push_attempts.request IS 'What is sent, to the byte; without access keys and signature.';
COMMENT ON COLUMN marketplace.push_attempts.ended_at IS 'When its answer was stored; null where the run ended before that.';
COMMENT ON COLUMN marketplace.push_attempts.result IS 'Outcome that it gave its records; null where the run ended before that.';
COMMENT ON COLUMN marketplace.push_attempts.answer IS 'What came back, or why nothing did; without secrets.';
COMMENT ON COLUMN marketplace.push_attempts.request_id IS 'The marketplace''s id of the request.';
COMMENT ON COLUMN marketplace.push_attempts.duration_ms IS 'How long the call took.';
CREATE INDEX push_attempts_by_channel ON marketplace.push_attempts (channel, begun_at);
CREATE INDEX push_attempts_by_request ON marketplace.push_attempts (request_id);
CREATE TABLE marketplace.push_progress (
	channel TEXT NOT NULL,
	entered_from TIMESTAMP WITH TIME ZONE NOT NULL,
	entered_until TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT push_progress_pkey PRIMARY KEY (channel)
);
COMMENT ON TABLE marketplace.push_progress IS 'How far usage was entered in the ledger of metering pushes.';
COMMENT ON COLUMN marketplace.push_progress.channel IS 'Marketplace.';
COMMENT ON COLUMN marketplace.push_progress.entered_from IS 'First hour that was looked at; usage before it is not in the ledger.';
COMMENT ON COLUMN marketplace.push_progress.entered_until IS 'Hours before this were looked at; the last days are looked at again by each run.';
CREATE TABLE marketplace.refused_callbacks (
	hour_start TIMESTAMP WITH TIME ZONE NOT NULL,
	reason TEXT NOT NULL,
	callbacks BIGINT NOT NULL,
	last_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT refused_callbacks_pkey PRIMARY KEY (hour_start, reason)
);
COMMENT ON TABLE marketplace.refused_callbacks IS 'Calls that were refused, counted by the hour; nothing of their content is stored.';
COMMENT ON COLUMN marketplace.refused_callbacks.hour_start IS 'UTC hour.';
COMMENT ON COLUMN marketplace.refused_callbacks.reason IS 'Why: token (403), unreadable (400), size (414) or rate (429).';
COMMENT ON COLUMN marketplace.refused_callbacks.callbacks IS 'Calls that were refused and not stored.';
COMMENT ON COLUMN marketplace.refused_callbacks.last_at IS 'The last of them.';
CREATE TABLE metering.dropped_months (
	month_start TIMESTAMP WITH TIME ZONE NOT NULL,
	month_end TIMESTAMP WITH TIME ZONE NOT NULL,
	closable_from TIMESTAMP WITH TIME ZONE NOT NULL,
	dropped_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT dropped_months_pkey PRIMARY KEY (month_start),
	CONSTRAINT dropped_months_window_check CHECK (month_start < month_end AND month_end <= closable_from)
);
COMMENT ON TABLE metering.dropped_months IS 'Months whose polls and readings were dropped after their retention; their usage and bills stay.';
COMMENT ON COLUMN metering.dropped_months.month_start IS 'Start of the month (UTC).';
COMMENT ON COLUMN metering.dropped_months.month_end IS 'Its end (exclusive).';
COMMENT ON COLUMN metering.dropped_months.closable_from IS 'Hours before this instant cannot be closed again: what they would be made of is gone. It lies after the month''s end, because the first hours of the next month begin with this one''s last answer.';
COMMENT ON COLUMN metering.dropped_months.dropped_at IS 'Logical time of the run that dropped it.';
CREATE TABLE metering.environment_hours (
	hour_start TIMESTAMP WITH TIME ZONE NOT NULL,
	environment_key BIGINT NOT NULL,
	state TEXT NOT NULL,
	revision INTEGER NOT NULL,
	closed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	tolerance_seconds INTEGER,
	CONSTRAINT environment_hours_pkey PRIMARY KEY (hour_start, environment_key),
	CONSTRAINT environment_hours_state_check CHECK (state IN ('open', 'provisional', 'closed', 'stale'))
);
COMMENT ON TABLE metering.environment_hours IS 'Hours of environments that were closed.';
COMMENT ON COLUMN metering.environment_hours.hour_start IS 'Start of the UTC hour.';
COMMENT ON COLUMN metering.environment_hours.environment_key IS 'Environment.';
COMMENT ON COLUMN metering.environment_hours.state IS 'closed (a successful poll at or after its end exists, or its subscription has ended, or what is not known of it was waived), provisional (none came in time), open (one may still come) or stale (what was learned since changes it).';
COMMENT ON COLUMN metering.environment_hours.revision IS '0 until it is first closed, then from 1; grows when a later closing changed its usage.';
COMMENT ON COLUMN metering.environment_hours.closed_at IS 'Logical time of the run that gave it this state and this usage.';
COMMENT ON COLUMN metering.environment_hours.tolerance_seconds IS 'The longest interval between two answers that needed no proof when it was closed; its explanation uses it.';
CREATE INDEX environment_hours_by_environment ON metering.environment_hours (environment_key, hour_start);
CREATE INDEX environment_hours_due ON metering.environment_hours (hour_start) WHERE state IN ('open', 'stale', 'provisional');
CREATE TABLE metering.imported_hours (
	hour_start TIMESTAMP WITH TIME ZONE NOT NULL,
	instance_key BIGINT NOT NULL,
	environment_key BIGINT NOT NULL,
	aku_seconds BIGINT NOT NULL,
	peak_aku INTEGER NOT NULL,
	used_seconds INTEGER NOT NULL,
	import_key BIGINT,
	CONSTRAINT imported_hours_pkey PRIMARY KEY (hour_start, instance_key)
);
COMMENT ON TABLE metering.imported_hours IS 'What files said of hours that are metered too: kept, whether it counts now or not.';
COMMENT ON COLUMN metering.imported_hours.hour_start IS 'Start of the UTC hour.';
COMMENT ON COLUMN metering.imported_hours.instance_key IS 'Instance.';
COMMENT ON COLUMN metering.imported_hours.environment_key IS 'Environment.';
COMMENT ON COLUMN metering.imported_hours.aku_seconds IS 'AKU-seconds of the hour, as the last file said.';
COMMENT ON COLUMN metering.imported_hours.peak_aku IS 'Largest AKU of the hour, as it said, or the least possible.';
COMMENT ON COLUMN metering.imported_hours.used_seconds IS 'Seconds of the hour with AKU, as it said, or as many as are possible.';
COMMENT ON COLUMN metering.imported_hours.import_key IS 'Import that said so.';
CREATE INDEX imported_hours_by_environment ON metering.imported_hours (environment_key, hour_start);
CREATE TABLE metering.imports (
	import_key BIGINT GENERATED ALWAYS AS IDENTITY,
	file_sha256 TEXT NOT NULL,
	file_name TEXT NOT NULL,
	format TEXT NOT NULL,
	rows_read BIGINT NOT NULL,
	rows_loaded BIGINT NOT NULL,
	rows_changed BIGINT DEFAULT '0' NOT NULL,
	rows_unchanged BIGINT NOT NULL,
	rows_late BIGINT DEFAULT '0' NOT NULL,
	late_for_bills TEXT[] DEFAULT '{}' NOT NULL,
	rows_rejected BIGINT NOT NULL,
	imported_at TIMESTAMP WITH TIME ZONE NOT NULL,
	imported_by TEXT NOT NULL,
	CONSTRAINT imports_pkey PRIMARY KEY (import_key),
	CONSTRAINT imports_file_sha256_unique UNIQUE (file_sha256)
);
COMMENT ON TABLE metering.imports IS 'Files of usage history that were imported.';
COMMENT ON COLUMN metering.imports.import_key IS 'Surrogate key.';
COMMENT ON COLUMN metering.imports.file_sha256 IS 'SHA-256 of the file''s bytes, in hex; the same file is the same import.';
COMMENT ON COLUMN metering.imports.file_name IS 'Name of the file as given.';
COMMENT ON COLUMN metering.imports.format IS 'csv, jsonl or parquet.';
COMMENT ON COLUMN metering.imports.rows_read IS 'Rows in the file.';
COMMENT ON COLUMN metering.imports.rows_loaded IS 'Rows that made or changed usage.';
COMMENT ON COLUMN metering.imports.rows_changed IS 'Of these, rows that replaced what an earlier import said.';
COMMENT ON COLUMN metering.imports.rows_unchanged IS 'Rows that said what was known already.';
COMMENT ON COLUMN metering.imports.rows_late IS 'Rows that differ from an issued bill and became late usage of it.';
COMMENT ON COLUMN metering.imports.late_for_bills IS 'Public ids of the bills that these rows differ from.';
COMMENT ON COLUMN metering.imports.rows_rejected IS 'Rows that broke a rule; the first thousand are kept as rejections.';
COMMENT ON COLUMN metering.imports.imported_at IS 'Logical time of the run that imported it first.';
COMMENT ON COLUMN metering.imports.imported_by IS 'Who imported it last: a person with the way in parentheses, or a run.';
CREATE TABLE metering.polls (
	observed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	environment_key BIGINT NOT NULL,
	ok BOOLEAN NOT NULL,
	cause TEXT,
	error TEXT,
	instance_count INTEGER,
	clock_skew_ms INTEGER,
	duration_ms INTEGER,
	payload BYTEA,
	CONSTRAINT polls_pkey PRIMARY KEY (observed_at, environment_key),
	CONSTRAINT polls_cause_check CHECK (ok = (cause IS NULL))
)
 PARTITION BY RANGE (observed_at);
COMMENT ON TABLE metering.polls IS 'One listing of one environment''s instances, or the failure to get it.';
COMMENT ON COLUMN metering.polls.observed_at IS 'When the listing was taken, in whole seconds.';
COMMENT ON COLUMN metering.polls.environment_key IS 'Environment that was polled.';
COMMENT ON COLUMN metering.polls.ok IS 'Whether the whole listing came; a failed poll is never an empty listing.';
COMMENT ON COLUMN metering.polls.cause IS 'If it failed: unreachable, timeout, refused, throttled, broken or misconfigured.';
COMMENT ON COLUMN metering.polls.error IS 'For failed polls: what happened, as a sentence; no secrets.';
COMMENT ON COLUMN metering.polls.instance_count IS 'Instances listed; null for failed polls.';
COMMENT ON COLUMN metering.polls.clock_skew_ms IS 'Console''s clock minus ours, from its Date header.';
COMMENT ON COLUMN metering.polls.duration_ms IS 'How long the listing took.';
COMMENT ON COLUMN metering.polls.payload IS 'The listing''s pages as they came, compressed by zlib.';
CREATE INDEX polls_answered ON metering.polls (environment_key, observed_at) WHERE ok;
CREATE INDEX polls_failed ON metering.polls (environment_key, observed_at) WHERE NOT ok;
CREATE TABLE metering.readings (
	observed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	environment_key BIGINT NOT NULL,
	instance_key BIGINT NOT NULL,
	subscription_key BIGINT NOT NULL,
	state TEXT NOT NULL,
	aku INTEGER NOT NULL,
	instance_created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	instance_modified_at TIMESTAMP WITH TIME ZONE NOT NULL,
	is_rejected BOOLEAN DEFAULT 'false' NOT NULL,
	CONSTRAINT readings_pkey PRIMARY KEY (observed_at, environment_key, instance_key),
	CONSTRAINT readings_aku_check CHECK (aku >= 0)
)
 PARTITION BY RANGE (observed_at);
COMMENT ON TABLE metering.readings IS 'What a console said of an instance at an instant.';
COMMENT ON COLUMN metering.readings.observed_at IS 'Instant of the poll that it belongs to.';
COMMENT ON COLUMN metering.readings.environment_key IS 'Environment.';
COMMENT ON COLUMN metering.readings.instance_key IS 'Instance.';
COMMENT ON COLUMN metering.readings.subscription_key IS 'Subscription.';
COMMENT ON COLUMN metering.readings.state IS 'Instance state as the console gave it.';
COMMENT ON COLUMN metering.readings.aku IS 'Billed size in AKU: the first of the product''s fields (aku.fields) that has a value; whatever the state.';
COMMENT ON COLUMN metering.readings.instance_created_at IS 'gmtCreate, cut to whole seconds.';
COMMENT ON COLUMN metering.readings.instance_modified_at IS 'gmtModified, cut to whole seconds.';
COMMENT ON COLUMN metering.readings.is_rejected IS 'True when the instance was listed but what was said of it was rejected; the rest is then as last known.';
CREATE TABLE metering.subscription_hours (
	hour_start TIMESTAMP WITH TIME ZONE NOT NULL,
	subscription_key BIGINT NOT NULL,
	instance_count INTEGER NOT NULL,
	aku_seconds BIGINT NOT NULL,
	inferred_aku_seconds BIGINT NOT NULL,
	estimated_aku_seconds BIGINT NOT NULL,
	gap_seconds BIGINT NOT NULL,
	peak_aku BIGINT NOT NULL,
	whole_hour_aku_seconds BIGINT NOT NULL,
	usage_digest NUMERIC,
	CONSTRAINT subscription_hours_pkey PRIMARY KEY (hour_start, subscription_key)
)
 PARTITION BY RANGE (hour_start);
COMMENT ON TABLE metering.subscription_hours IS 'metering.usage added up by subscription and hour, by whatever transaction changes the usage.';
COMMENT ON COLUMN metering.subscription_hours.hour_start IS 'Start of the UTC hour.';
COMMENT ON COLUMN metering.subscription_hours.subscription_key IS 'Subscription.';
COMMENT ON COLUMN metering.subscription_hours.instance_count IS 'Instances with usage or a gap in the hour.';
COMMENT ON COLUMN metering.subscription_hours.aku_seconds IS 'AKU-seconds of all its instances.';
COMMENT ON COLUMN metering.subscription_hours.inferred_aku_seconds IS 'Of these, inferred across a silence.';
COMMENT ON COLUMN metering.subscription_hours.estimated_aku_seconds IS 'Of these, estimated.';
COMMENT ON COLUMN metering.subscription_hours.gap_seconds IS 'Seconds under gaps, added up over its instances.';
COMMENT ON COLUMN metering.subscription_hours.peak_aku IS 'Largest AKU of each instance in the hour, added up.';
COMMENT ON COLUMN metering.subscription_hours.whole_hour_aku_seconds IS 'AKU-seconds if each instance had its mean AKU in use for the whole hour.';
COMMENT ON COLUMN metering.subscription_hours.usage_digest IS 'Sum of the hashes of its usage, whose sums these are; null where that is to be looked at again.';
CREATE INDEX subscription_hours_by_subscription ON metering.subscription_hours (subscription_key, hour_start);
CREATE INDEX subscription_hours_without_digest ON metering.subscription_hours (hour_start) WHERE usage_digest IS NULL;
CREATE TABLE metering.usage (
	hour_start TIMESTAMP WITH TIME ZONE NOT NULL,
	instance_key BIGINT NOT NULL,
	subscription_key BIGINT NOT NULL,
	environment_key BIGINT NOT NULL,
	aku_seconds BIGINT NOT NULL,
	inferred_aku_seconds BIGINT DEFAULT '0' NOT NULL,
	estimated_aku_seconds BIGINT DEFAULT '0' NOT NULL,
	gap_seconds INTEGER DEFAULT '0' NOT NULL,
	peak_aku INTEGER NOT NULL,
	used_seconds INTEGER NOT NULL,
	source TEXT NOT NULL,
	import_key BIGINT,
	revision INTEGER DEFAULT '1' NOT NULL,
	CONSTRAINT usage_pkey PRIMARY KEY (hour_start, instance_key),
	CONSTRAINT usage_aku_seconds_check CHECK (aku_seconds BETWEEN 0 AND 2147483647),
	CONSTRAINT usage_known_check CHECK (inferred_aku_seconds >= 0 AND estimated_aku_seconds >= 0 AND inferred_aku_seconds + estimated_aku_seconds <= aku_seconds),
	CONSTRAINT usage_gap_seconds_check CHECK (gap_seconds BETWEEN 0 AND 3600),
	CONSTRAINT usage_size_check CHECK (peak_aku >= 0 AND used_seconds BETWEEN 0 AND 3600 AND (aku_seconds = 0) = (peak_aku = 0) AND (aku_seconds = 0) = (used_seconds = 0)),
	CONSTRAINT usage_source_check CHECK (source IN ('readings', 'import'))
)
 PARTITION BY RANGE (hour_start);
COMMENT ON TABLE metering.usage IS 'Usage of one instance in one UTC hour, with how it is known.';
COMMENT ON COLUMN metering.usage.hour_start IS 'Start of the UTC hour.';
COMMENT ON COLUMN metering.usage.instance_key IS 'Instance.';
COMMENT ON COLUMN metering.usage.subscription_key IS 'Subscription.';
COMMENT ON COLUMN metering.usage.environment_key IS 'Environment.';
COMMENT ON COLUMN metering.usage.aku_seconds IS 'AKU-seconds used in the hour: measured, inferred and estimated together.';
COMMENT ON COLUMN metering.usage.inferred_aku_seconds IS 'Of these, inferred across a silence.';
COMMENT ON COLUMN metering.usage.estimated_aku_seconds IS 'Of these, estimated at the smaller of two sizes; a gap is open for them.';
COMMENT ON COLUMN metering.usage.gap_seconds IS 'Seconds of the hour under a gap of this instance.';
COMMENT ON COLUMN metering.usage.peak_aku IS 'Largest AKU that counted for a second of the hour; of a file that has none, the least possible.';
COMMENT ON COLUMN metering.usage.used_seconds IS 'Seconds of the hour with AKU; of a file that has none, as many as are possible.';
COMMENT ON COLUMN metering.usage.source IS 'readings or import.';
COMMENT ON COLUMN metering.usage.import_key IS 'Import that brought it; null for readings.';
COMMENT ON COLUMN metering.usage.revision IS 'Counts from 1; grows when a later closing changed the row.';
CREATE TABLE metering.usage_revisions (
	hour_start TIMESTAMP WITH TIME ZONE NOT NULL,
	instance_key BIGINT NOT NULL,
	revised_at TIMESTAMP WITH TIME ZONE NOT NULL,
	environment_key BIGINT NOT NULL,
	old_aku_seconds BIGINT NOT NULL,
	new_aku_seconds BIGINT NOT NULL,
	old_estimated_aku_seconds BIGINT NOT NULL,
	new_estimated_aku_seconds BIGINT NOT NULL,
	cause TEXT NOT NULL,
	CONSTRAINT usage_revisions_pkey PRIMARY KEY (hour_start, instance_key, revised_at),
	CONSTRAINT usage_revisions_cause_check CHECK (cause IN ('late_answer', 'measured', 'corrected', 'imported', 'closed_again'))
);
COMMENT ON TABLE metering.usage_revisions IS 'How usage of hours that stood already was changed; changes by one run are one row.';
COMMENT ON COLUMN metering.usage_revisions.hour_start IS 'Start of the UTC hour.';
COMMENT ON COLUMN metering.usage_revisions.instance_key IS 'Instance.';
COMMENT ON COLUMN metering.usage_revisions.revised_at IS 'Logical time of the run that changed it.';
COMMENT ON COLUMN metering.usage_revisions.environment_key IS 'Environment.';
COMMENT ON COLUMN metering.usage_revisions.old_aku_seconds IS 'AKU-seconds before; 0 when there was no row.';
COMMENT ON COLUMN metering.usage_revisions.new_aku_seconds IS 'AKU-seconds from then on; 0 when the row was taken away.';
COMMENT ON COLUMN metering.usage_revisions.old_estimated_aku_seconds IS 'Estimated ones among those before.';
COMMENT ON COLUMN metering.usage_revisions.new_estimated_aku_seconds IS 'Estimated ones among those from then on.';
COMMENT ON COLUMN metering.usage_revisions.cause IS 'late_answer (a poll came after the hour was closed), measured (readings took an import''s place), corrected (an import took an earlier one''s place), imported (a file took an estimate''s place) or closed_again (asked for, or further data of the same hour).';
CREATE TABLE operations.notifications (
	notification_key TEXT NOT NULL,
	sentence TEXT NOT NULL,
	claimed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	sent_at TIMESTAMP WITH TIME ZONE,
	failure TEXT,
	CONSTRAINT notifications_pkey PRIMARY KEY (notification_key),
	CONSTRAINT notifications_outcome_check CHECK (sent_at IS NULL OR failure IS NULL)
);
COMMENT ON TABLE operations.notifications IS 'Ledger of notifications to operators: each is sent at most once.';
COMMENT ON COLUMN operations.notifications.notification_key IS 'What it is about: alarm/<alarm_key>/<opened or closed>, machine_discrepancy/<key>/<opened or resolved>, deadline/<DAG>/<run>, or bill_verification/<digest>.';
COMMENT ON COLUMN operations.notifications.sentence IS 'What the notification says.';
COMMENT ON COLUMN operations.notifications.claimed_at IS 'Logical time of the run that claimed it; entered before anything is sent.';
COMMENT ON COLUMN operations.notifications.sent_at IS 'Logical time of the run that sent it; null when it may not have arrived.';
COMMENT ON COLUMN operations.notifications.failure IS 'Why sending failed, as a sentence; it is not tried again.';
CREATE UNLOGGED TABLE reconciliation.hour_amounts (
	is_ours BOOLEAN NOT NULL,
	subscription_id TEXT NOT NULL,
	hour_start TIMESTAMP WITH TIME ZONE NOT NULL,
	amount NUMERIC NOT NULL,
	currency TEXT NOT NULL,
	peak_amount NUMERIC,
	started_hour_amount NUMERIC,
	uncovered_amount NUMERIC
);
COMMENT ON TABLE reconciliation.hour_amounts IS 'Working table, empty outside a transaction: what reconciliation.judged_hours compares.';
COMMENT ON COLUMN reconciliation.hour_amounts.is_ours IS 'Whether it is our amount, not the Marketplace''s.';
COMMENT ON COLUMN reconciliation.hour_amounts.subscription_id IS 'Public id of the subscription.';
COMMENT ON COLUMN reconciliation.hour_amounts.hour_start IS 'Start of the UTC hour.';
COMMENT ON COLUMN reconciliation.hour_amounts.amount IS 'What is charged; negative for a refund.';
COMMENT ON COLUMN reconciliation.hour_amounts.currency IS 'ISO 4217 code.';
COMMENT ON COLUMN reconciliation.hour_amounts.peak_amount IS 'Of ours: if the hour was charged by its peak; null where not known.';
COMMENT ON COLUMN reconciliation.hour_amounts.started_hour_amount IS 'Of ours: if it was charged whole; null where not known.';
COMMENT ON COLUMN reconciliation.hour_amounts.uncovered_amount IS 'Of ours: if no licence covered it; null where not known.';
CREATE TABLE reconciliation.settlement_files (
	file_key BIGINT GENERATED ALWAYS AS IDENTITY,
	file_sha256 TEXT NOT NULL,
	file_name TEXT NOT NULL,
	items INTEGER NOT NULL,
	rejected INTEGER NOT NULL,
	imported_at TIMESTAMP WITH TIME ZONE NOT NULL,
	imported_by TEXT NOT NULL,
	CONSTRAINT settlement_files_pkey PRIMARY KEY (file_key),
	CONSTRAINT settlement_files_file_sha256_unique UNIQUE (file_sha256)
);
COMMENT ON TABLE reconciliation.settlement_files IS 'The vendor''s settlement exports that were imported.';
COMMENT ON COLUMN reconciliation.settlement_files.file_key IS 'Surrogate key, in the order of import.';
COMMENT ON COLUMN reconciliation.settlement_files.file_sha256 IS 'SHA-256 of its bytes: the same file is imported once.';
COMMENT ON COLUMN reconciliation.settlement_files.file_name IS 'Its name.';
COMMENT ON COLUMN reconciliation.settlement_files.items IS 'Lines that were stored.';
COMMENT ON COLUMN reconciliation.settlement_files.rejected IS 'Lines that break a rule; they were said when it was imported.';
COMMENT ON COLUMN reconciliation.settlement_files.imported_at IS 'When.';
COMMENT ON COLUMN reconciliation.settlement_files.imported_by IS 'Run or person.';
CREATE TABLE billing.plan_comparison_rows (
	comparison_key BIGINT NOT NULL,
	subscription_id TEXT NOT NULL,
	first_total NUMERIC NOT NULL,
	second_total NUMERIC NOT NULL,
	CONSTRAINT plan_comparison_rows_pkey PRIMARY KEY (comparison_key, subscription_id),
	CONSTRAINT plan_comparison_rows_comparison_key_fkey FOREIGN KEY(comparison_key) REFERENCES billing.plan_comparisons (comparison_key)
);
COMMENT ON TABLE billing.plan_comparison_rows IS 'What each subscription would have paid by the two plans of a comparison.';
COMMENT ON COLUMN billing.plan_comparison_rows.comparison_key IS 'Comparison.';
COMMENT ON COLUMN billing.plan_comparison_rows.subscription_id IS 'Subscription with usage in the period.';
COMMENT ON COLUMN billing.plan_comparison_rows.first_total IS 'What it would pay by the first plan, tax included.';
COMMENT ON COLUMN billing.plan_comparison_rows.second_total IS 'What it would pay by the second plan, tax included.';
CREATE TABLE billing.price_plan_versions (
	version_key BIGINT GENERATED ALWAYS AS IDENTITY,
	plan_key BIGINT NOT NULL,
	effective_from TIMESTAMP WITH TIME ZONE NOT NULL,
	hour_measure TEXT DEFAULT 'time_weighted' NOT NULL,
	charge_every TEXT NOT NULL,
	rounding_digits INTEGER NOT NULL,
	rounding_mode TEXT NOT NULL,
	model TEXT NOT NULL,
	flat_fee_at_zero BOOLEAN DEFAULT true NOT NULL,
	package_aku_seconds BIGINT,
	included_aku_seconds BIGINT DEFAULT '0' NOT NULL,
	minimum_charge NUMERIC,
	maximum_charge NUMERIC,
	is_prorated BOOLEAN DEFAULT false NOT NULL,
	discount_percent NUMERIC DEFAULT '0' NOT NULL,
	tax_rate NUMERIC DEFAULT '0' NOT NULL,
	tax_is_inclusive BOOLEAN DEFAULT false NOT NULL,
	licence_price_per_aku_month NUMERIC,
	overage_price NUMERIC,
	source JSONB NOT NULL,
	CONSTRAINT price_plan_versions_pkey PRIMARY KEY (version_key),
	CONSTRAINT price_plan_versions_plan_key_effective_from_unique UNIQUE (plan_key, effective_from),
	CONSTRAINT price_plan_versions_hour_measure_check CHECK (hour_measure IN ('time_weighted', 'peak', 'started_hour')),
	CONSTRAINT price_plan_versions_charge_every_check CHECK (charge_every IN ('hour', 'period')),
	CONSTRAINT price_plan_versions_rounding_mode_check CHECK (rounding_mode IN ('down', 'up', 'half_up', 'half_even')),
	CONSTRAINT price_plan_versions_rounding_digits_check CHECK (rounding_digits BETWEEN 0 AND 6),
	CONSTRAINT price_plan_versions_model_check CHECK (model IN ('per_unit', 'graduated', 'volume', 'package')),
	CONSTRAINT price_plan_versions_package_check CHECK ((model = 'package') = (package_aku_seconds IS NOT NULL)),
	CONSTRAINT price_plan_versions_package_size_check CHECK (package_aku_seconds > 0),
	CONSTRAINT price_plan_versions_included_check CHECK (included_aku_seconds >= 0),
	CONSTRAINT price_plan_versions_minimum_check CHECK (0 <= minimum_charge AND minimum_charge <= maximum_charge),
	CONSTRAINT price_plan_versions_discount_percent_check CHECK (discount_percent BETWEEN 0 AND 100),
	CONSTRAINT price_plan_versions_tax_rate_check CHECK (tax_rate BETWEEN 0 AND 1),
	CONSTRAINT price_plan_versions_plan_key_fkey FOREIGN KEY(plan_key) REFERENCES billing.price_plans (plan_key)
);
COMMENT ON TABLE billing.price_plan_versions IS 'Versions of price plans; history is never rewritten.';
COMMENT ON COLUMN billing.price_plan_versions.version_key IS 'Surrogate key.';
COMMENT ON COLUMN billing.price_plan_versions.plan_key IS 'Plan.';
COMMENT ON COLUMN billing.price_plan_versions.effective_from IS 'From when the version holds, until the next one.';
COMMENT ON COLUMN billing.price_plan_versions.hour_measure IS 'What of an hour''s usage is charged: time_weighted (AKU-seconds as metered), peak (the hour''s largest AKU for all of it) or started_hour (the mean AKU in use for all of it).';
COMMENT ON COLUMN billing.price_plan_versions.charge_every IS 'hour (each hour is charged and rounded) or period (rounded once per line).';
COMMENT ON COLUMN billing.price_plan_versions.rounding_digits IS 'Places that amounts are rounded to.';
COMMENT ON COLUMN billing.price_plan_versions.rounding_mode IS 'down, up, half_up or half_even.';
COMMENT ON COLUMN billing.price_plan_versions.model IS 'per_unit, graduated, volume or package.';
COMMENT ON COLUMN billing.price_plan_versions.flat_fee_at_zero IS 'Whether the first tier''s fee is due without usage.';
COMMENT ON COLUMN billing.price_plan_versions.package_aku_seconds IS 'Size of a package; null for other models.';
COMMENT ON COLUMN billing.price_plan_versions.included_aku_seconds IS 'Free in each billing period, taken before tiers.';
COMMENT ON COLUMN billing.price_plan_versions.minimum_charge IS 'What a whole period costs at least, after discount, before tax.';
COMMENT ON COLUMN billing.price_plan_versions.maximum_charge IS 'What a whole period costs at most, after discount, before tax.';
COMMENT ON COLUMN billing.price_plan_versions.is_prorated IS 'Whether minimum and maximum count by seconds of activity.';
COMMENT ON COLUMN billing.price_plan_versions.discount_percent IS 'Taken off everything but licences, 0 to 100.';
COMMENT ON COLUMN billing.price_plan_versions.tax_rate IS 'On the sum of the rounded lines; a fraction.';
COMMENT ON COLUMN billing.price_plan_versions.tax_is_inclusive IS 'Whether the lines contain the tax.';
COMMENT ON COLUMN billing.price_plan_versions.licence_price_per_aku_month IS 'Price of a prepaid licence per AKU and month.';
COMMENT ON COLUMN billing.price_plan_versions.overage_price IS 'Price per AKU-hour above a licence''s capacity; null: shown, not charged.';
COMMENT ON COLUMN billing.price_plan_versions.source IS 'The version as it stood in the plan''s file.';
CREATE TABLE core.subscriptions (
	subscription_key BIGINT GENERATED ALWAYS AS IDENTITY,
	subscription_id TEXT NOT NULL,
	product TEXT NOT NULL,
	account_id TEXT NOT NULL,
	region TEXT NOT NULL,
	network TEXT NOT NULL,
	department TEXT NOT NULL,
	contact TEXT,
	environment_name TEXT NOT NULL,
	payment TEXT NOT NULL,
	price_plan TEXT NOT NULL,
	state TEXT NOT NULL,
	state_reason TEXT,
	attempt INTEGER NOT NULL,
	service_instance_id TEXT,
	marketplace_instance_id TEXT,
	order_id TEXT,
	request JSONB NOT NULL,
	requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
	started_at TIMESTAMP WITH TIME ZONE NOT NULL,
	metering_started_at TIMESTAMP WITH TIME ZONE,
	expires_at TIMESTAMP WITH TIME ZONE,
	ended_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT subscriptions_pkey PRIMARY KEY (subscription_key),
	CONSTRAINT subscriptions_payment_check CHECK (payment IN ('payg', 'prepaid')),
	CONSTRAINT subscriptions_state_check CHECK (state IN ('requested', 'ordered', 'deployed', 'active', 'failed', 'released')),
	CONSTRAINT subscriptions_attempt_check CHECK (attempt >= 1),
	CONSTRAINT subscriptions_subscription_id_unique UNIQUE (subscription_id),
	CONSTRAINT subscriptions_account_id_fkey FOREIGN KEY(account_id) REFERENCES core.buyers (account_id),
	CONSTRAINT subscriptions_marketplace_instance_id_unique UNIQUE (marketplace_instance_id),
	CONSTRAINT subscriptions_order_id_unique UNIQUE (order_id)
);
COMMENT ON TABLE core.subscriptions IS 'One activation of the product by a buyer.';
COMMENT ON COLUMN core.subscriptions.subscription_key IS 'Surrogate key.';
COMMENT ON COLUMN core.subscriptions.subscription_id IS 'Public id, derived from product, account, region and environment name.';
COMMENT ON COLUMN core.subscriptions.product IS 'Product of the catalogue.';
COMMENT ON COLUMN core.subscriptions.account_id IS 'Buyer.';
COMMENT ON COLUMN core.subscriptions.region IS 'Cloud region of the environment.';
COMMENT ON COLUMN core.subscriptions.network IS 'VPC of the environment.';
COMMENT ON COLUMN core.subscriptions.department IS 'Business department the subscription is for; empty when the buyer has only one.';
COMMENT ON COLUMN core.subscriptions.contact IS 'Whom to write to about it, as the operator entered it last.';
COMMENT ON COLUMN core.subscriptions.environment_name IS 'Name of the environment, unique per buyer and region.';
COMMENT ON COLUMN core.subscriptions.payment IS 'payg (pay as you go) or prepaid (licence).';
COMMENT ON COLUMN core.subscriptions.price_plan IS 'Name of the price plan that its usage is priced by.';
COMMENT ON COLUMN core.subscriptions.state IS 'requested, ordered, deployed, active, failed or released.';
COMMENT ON COLUMN core.subscriptions.state_reason IS 'Why it is in this state, as a sentence; for failed ones what to do.';
COMMENT ON COLUMN core.subscriptions.attempt IS 'Counts from 1; a re-run after a failure starts the next one.';
COMMENT ON COLUMN core.subscriptions.service_instance_id IS 'Compute Nest service instance of the current attempt.';
COMMENT ON COLUMN core.subscriptions.marketplace_instance_id IS 'Marketplace instance of the current attempt.';
COMMENT ON COLUMN core.subscriptions.order_id IS 'Marketplace order of the current attempt.';
COMMENT ON COLUMN core.subscriptions.request IS 'The onboarding request as it was given; no secrets.';
COMMENT ON COLUMN core.subscriptions.requested_at IS 'When onboarding was first requested.';
COMMENT ON COLUMN core.subscriptions.started_at IS 'From when the subscription counts; history before onboarding can be imported from here on.';
COMMENT ON COLUMN core.subscriptions.metering_started_at IS 'From when consoles are polled for it.';
COMMENT ON COLUMN core.subscriptions.expires_at IS 'End of the term that the Marketplace sold; null when it has none.';
COMMENT ON COLUMN core.subscriptions.ended_at IS 'When it was released.';
CREATE UNIQUE INDEX subscriptions_one_per_environment_name ON core.subscriptions (account_id, region, environment_name);
CREATE UNIQUE INDEX subscriptions_one_per_network_and_department ON core.subscriptions (account_id, region, network, department) WHERE state NOT IN ('failed', 'released');
CREATE TABLE marketplace.event_decisions (
	event_key BIGINT NOT NULL,
	decision_no BIGINT NOT NULL,
	decision TEXT NOT NULL,
	decided_by TEXT NOT NULL,
	reason TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT event_decisions_pkey PRIMARY KEY (event_key, decision_no),
	CONSTRAINT event_decisions_decision_check CHECK (decision IN ('entered', 'replayed')),
	CONSTRAINT event_decisions_event_key_fkey FOREIGN KEY(event_key) REFERENCES marketplace.inbox (event_key)
);
COMMENT ON TABLE marketplace.event_decisions IS 'What people did with events.';
COMMENT ON COLUMN marketplace.event_decisions.event_key IS 'Event.';
COMMENT ON COLUMN marketplace.event_decisions.decision_no IS 'Counts the event''s decisions from 1.';
COMMENT ON COLUMN marketplace.event_decisions.decision IS 'entered (by a form) or replayed (a parked event is tried again).';
COMMENT ON COLUMN marketplace.event_decisions.decided_by IS 'Airflow user, or user of the computer, who decided.';
COMMENT ON COLUMN marketplace.event_decisions.reason IS 'Why, in that person''s words.';
COMMENT ON COLUMN marketplace.event_decisions.decided_at IS 'When, by the database''s clock.';
CREATE TABLE operations.machine_listings (
	account_id TEXT NOT NULL,
	region TEXT NOT NULL,
	attempted_at TIMESTAMP WITH TIME ZONE NOT NULL,
	failure TEXT,
	listed_at TIMESTAMP WITH TIME ZONE,
	machines INTEGER,
	CONSTRAINT machine_listings_pkey PRIMARY KEY (account_id, region),
	CONSTRAINT machine_listings_account_id_fkey FOREIGN KEY(account_id) REFERENCES core.buyers (account_id)
);
COMMENT ON TABLE operations.machine_listings IS 'When a buyer''s machines in a region were last listed.';
COMMENT ON COLUMN operations.machine_listings.account_id IS 'Buyer whose machines they are.';
COMMENT ON COLUMN operations.machine_listings.region IS 'Cloud region that was queried.';
COMMENT ON COLUMN operations.machine_listings.attempted_at IS 'When it was last queried.';
COMMENT ON COLUMN operations.machine_listings.failure IS 'Why the last try failed and what to do, as a sentence; null when it did not.';
COMMENT ON COLUMN operations.machine_listings.listed_at IS 'When the last whole listing was taken; a failed one is never an empty one.';
COMMENT ON COLUMN operations.machine_listings.machines IS 'Running machines with the paid image in the last whole listing.';
CREATE TABLE reconciliation.hourly_charges (
	billing_cycle TEXT NOT NULL,
	account_id TEXT NOT NULL,
	order_id TEXT NOT NULL,
	hour_start TIMESTAMP WITH TIME ZONE NOT NULL,
	item TEXT NOT NULL,
	currency TEXT NOT NULL,
	gross_amount NUMERIC NOT NULL,
	rounded_off NUMERIC NOT NULL,
	amount NUMERIC NOT NULL,
	fetched_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT hourly_charges_pkey PRIMARY KEY (billing_cycle, account_id, order_id, hour_start, item, currency),
	CONSTRAINT hourly_charges_account_id_fkey FOREIGN KEY(account_id) REFERENCES core.buyers (account_id)
);
COMMENT ON TABLE reconciliation.hourly_charges IS 'The Marketplace''s charges by hour, from the buyer''s settlement bill; what is for other times is left out.';
COMMENT ON COLUMN reconciliation.hourly_charges.billing_cycle IS 'YYYY-MM in UTC+8, as BSS names it.';
COMMENT ON COLUMN reconciliation.hourly_charges.account_id IS 'Buyer on whose bill it is.';
COMMENT ON COLUMN reconciliation.hourly_charges.order_id IS 'Order that it is of (SubOrderId), or empty.';
COMMENT ON COLUMN reconciliation.hourly_charges.hour_start IS 'Start of the UTC hour.';
COMMENT ON COLUMN reconciliation.hourly_charges.item IS 'PayAsYouGoBill, Refund or Adjustment.';
COMMENT ON COLUMN reconciliation.hourly_charges.currency IS 'ISO 4217 code.';
COMMENT ON COLUMN reconciliation.hourly_charges.gross_amount IS 'PretaxGrossAmount: before discounts.';
COMMENT ON COLUMN reconciliation.hourly_charges.rounded_off IS 'RoundDownDiscount: what cutting to two decimals took off.';
COMMENT ON COLUMN reconciliation.hourly_charges.amount IS 'PretaxAmount: payable.';
COMMENT ON COLUMN reconciliation.hourly_charges.fetched_at IS 'Logical time of the run that fetched it.';
CREATE TABLE reconciliation.hourly_fetches (
	billing_cycle TEXT NOT NULL,
	account_id TEXT NOT NULL,
	attempted_at TIMESTAMP WITH TIME ZONE NOT NULL,
	failure TEXT,
	fetched_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT hourly_fetches_pkey PRIMARY KEY (billing_cycle, account_id),
	CONSTRAINT hourly_fetches_account_id_fkey FOREIGN KEY(account_id) REFERENCES core.buyers (account_id)
);
COMMENT ON TABLE reconciliation.hourly_fetches IS 'Whether a buyer''s settlement bill, which has hours, was got.';
COMMENT ON COLUMN reconciliation.hourly_fetches.billing_cycle IS 'YYYY-MM in UTC+8, as BSS names it.';
COMMENT ON COLUMN reconciliation.hourly_fetches.account_id IS 'Buyer whose bill was fetched.';
COMMENT ON COLUMN reconciliation.hourly_fetches.attempted_at IS 'Logical time of the last run that tried.';
COMMENT ON COLUMN reconciliation.hourly_fetches.failure IS 'Why the last try failed and what to do; null when it came.';
COMMENT ON COLUMN reconciliation.hourly_fetches.fetched_at IS 'Logical time of the last run that got the whole bill; null when none did.';
CREATE TABLE reconciliation.marketplace_charges (
	billing_cycle TEXT NOT NULL,
	marketplace_instance_id TEXT NOT NULL,
	item TEXT NOT NULL,
	currency TEXT NOT NULL,
	account_id TEXT NOT NULL,
	gross_amount NUMERIC NOT NULL,
	amount NUMERIC NOT NULL,
	fetched_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT marketplace_charges_pkey PRIMARY KEY (billing_cycle, marketplace_instance_id, item, currency),
	CONSTRAINT marketplace_charges_account_id_fkey FOREIGN KEY(account_id) REFERENCES core.buyers (account_id)
);
COMMENT ON TABLE reconciliation.marketplace_charges IS 'The Marketplace''s charges per instance and cycle, from BSS.';
COMMENT ON COLUMN reconciliation.marketplace_charges.billing_cycle IS 'YYYY-MM in UTC+8, as BSS names it.';
COMMENT ON COLUMN reconciliation.marketplace_charges.marketplace_instance_id IS 'Marketplace instance charged.';
COMMENT ON COLUMN reconciliation.marketplace_charges.item IS 'SubscriptionOrder, PayAsYouGoBill, Refund or Adjustment.';
COMMENT ON COLUMN reconciliation.marketplace_charges.currency IS 'ISO 4217 code.';
COMMENT ON COLUMN reconciliation.marketplace_charges.account_id IS 'Buyer on whose bill it is.';
COMMENT ON COLUMN reconciliation.marketplace_charges.gross_amount IS 'PretaxGrossAmount: before discounts.';
COMMENT ON COLUMN reconciliation.marketplace_charges.amount IS 'PretaxAmount: payable.';
COMMENT ON COLUMN reconciliation.marketplace_charges.fetched_at IS 'Logical time of the run that fetched it.';
CREATE INDEX marketplace_charges_by_buyer ON reconciliation.marketplace_charges (billing_cycle, account_id);
CREATE TABLE reconciliation.marketplace_fetches (
	billing_cycle TEXT NOT NULL,
	account_id TEXT NOT NULL,
	attempted_at TIMESTAMP WITH TIME ZONE NOT NULL,
	failure TEXT,
	fetched_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT marketplace_fetches_pkey PRIMARY KEY (billing_cycle, account_id),
	CONSTRAINT marketplace_fetches_account_id_fkey FOREIGN KEY(account_id) REFERENCES core.buyers (account_id)
);
COMMENT ON TABLE reconciliation.marketplace_fetches IS 'Whether a buyer''s Marketplace bill was got: a bill that was not got is not an empty bill.';
COMMENT ON COLUMN reconciliation.marketplace_fetches.billing_cycle IS 'YYYY-MM in UTC+8, as BSS names it.';
COMMENT ON COLUMN reconciliation.marketplace_fetches.account_id IS 'Buyer whose bill was fetched.';
COMMENT ON COLUMN reconciliation.marketplace_fetches.attempted_at IS 'Logical time of the last run that tried.';
COMMENT ON COLUMN reconciliation.marketplace_fetches.failure IS 'Why the last try failed and what to do; null when it came.';
COMMENT ON COLUMN reconciliation.marketplace_fetches.fetched_at IS 'Logical time of the last run that got the whole bill; null when none did.';
CREATE TABLE reconciliation.settlement_items (
	file_key BIGINT NOT NULL,
	line_no INTEGER NOT NULL,
	charged_id TEXT NOT NULL,
	period TEXT NOT NULL,
	hour_start TIMESTAMP WITH TIME ZONE,
	kind TEXT NOT NULL,
	amount NUMERIC NOT NULL,
	currency TEXT NOT NULL,
	CONSTRAINT settlement_items_pkey PRIMARY KEY (file_key, line_no),
	CONSTRAINT settlement_items_kind_check CHECK (kind IN ('charge', 'refund')),
	CONSTRAINT settlement_items_sign_check CHECK (CASE kind WHEN 'charge' THEN amount >= 0 ELSE amount <= 0 END),
	CONSTRAINT settlement_items_file_key_fkey FOREIGN KEY(file_key) REFERENCES reconciliation.settlement_files (file_key)
);
COMMENT ON TABLE reconciliation.settlement_items IS 'Lines of settlement exports.';
COMMENT ON COLUMN reconciliation.settlement_items.file_key IS 'Export that it is in.';
COMMENT ON COLUMN reconciliation.settlement_items.line_no IS 'Line of the file, from 1.';
COMMENT ON COLUMN reconciliation.settlement_items.charged_id IS 'Subscription or marketplace instance, as the file has it.';
COMMENT ON COLUMN reconciliation.settlement_items.period IS 'Month that it is for, YYYY-MM in UTC+8.';
COMMENT ON COLUMN reconciliation.settlement_items.hour_start IS 'Hour that it is for; null where the file has the month only.';
COMMENT ON COLUMN reconciliation.settlement_items.kind IS 'charge or refund.';
COMMENT ON COLUMN reconciliation.settlement_items.amount IS 'Before tax and commission; a refund is negative.';
COMMENT ON COLUMN reconciliation.settlement_items.currency IS 'ISO 4217 code.';
CREATE INDEX settlement_items_by_period ON reconciliation.settlement_items (period, charged_id);
CREATE TABLE billing.bills (
	bill_key BIGINT GENERATED ALWAYS AS IDENTITY,
	bill_id TEXT NOT NULL,
	document TEXT DEFAULT 'bill' NOT NULL,
	corrects_bill_key BIGINT,
	subscription_key BIGINT NOT NULL,
	period TEXT NOT NULL,
	period_start TIMESTAMP WITH TIME ZONE NOT NULL,
	period_end TIMESTAMP WITH TIME ZONE NOT NULL,
	price_plan TEXT NOT NULL,
	currency TEXT NOT NULL,
	state TEXT NOT NULL,
	aku_seconds BIGINT NOT NULL,
	subtotal NUMERIC NOT NULL,
	tax NUMERIC NOT NULL,
	tax_included NUMERIC DEFAULT '0' NOT NULL,
	total NUMERIC NOT NULL,
	forecast_total NUMERIC,
	printed JSONB DEFAULT '{}' NOT NULL,
	subscription_ended_at TIMESTAMP WITH TIME ZONE,
	fingerprint TEXT NOT NULL,
	fingerprint_form INTEGER DEFAULT '1' NOT NULL,
	fingerprint_groups JSONB DEFAULT '{}' NOT NULL,
	drafted_at TIMESTAMP WITH TIME ZONE NOT NULL,
	issued_at TIMESTAMP WITH TIME ZONE,
	reconciled_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT bills_pkey PRIMARY KEY (bill_key),
	CONSTRAINT bills_state_check CHECK (state IN ('draft', 'held', 'issued', 'reconciled', 'void')),
	CONSTRAINT bills_issued_at_check CHECK ((state IN ('issued', 'reconciled')) = (issued_at IS NOT NULL)),
	CONSTRAINT bills_total_check CHECK (total = subtotal + tax - tax_included),
	CONSTRAINT bills_document_check CHECK (document IN ('bill', 'credit_note', 'debit_note')),
	CONSTRAINT bills_corrects_check CHECK ((document = 'bill') = (corrects_bill_key IS NULL)),
	CONSTRAINT bills_bill_id_unique UNIQUE (bill_id),
	CONSTRAINT bills_corrects_bill_key_fkey FOREIGN KEY(corrects_bill_key) REFERENCES billing.bills (bill_key),
	CONSTRAINT bills_subscription_key_fkey FOREIGN KEY(subscription_key) REFERENCES core.subscriptions (subscription_key)
);
COMMENT ON TABLE billing.bills IS 'One bill per subscription and billing period, and the notes that correct it. A void one stays, unissued.';
COMMENT ON COLUMN billing.bills.bill_key IS 'Surrogate key.';
COMMENT ON COLUMN billing.bills.bill_id IS 'Public id: period and subscription; notes have a number besides.';
COMMENT ON COLUMN billing.bills.document IS 'bill, credit_note or debit_note.';
COMMENT ON COLUMN billing.bills.corrects_bill_key IS 'For a note: the bill that it corrects.';
COMMENT ON COLUMN billing.bills.subscription_key IS 'Subscription.';
COMMENT ON COLUMN billing.bills.period IS 'Billing period, YYYY-MM in the plan''s time zone.';
COMMENT ON COLUMN billing.bills.period_start IS 'Start of the billing period (inclusive).';
COMMENT ON COLUMN billing.bills.period_end IS 'End of the billing period (exclusive).';
COMMENT ON COLUMN billing.bills.price_plan IS 'Name of the price plan.';
COMMENT ON COLUMN billing.bills.currency IS 'ISO 4217 code.';
COMMENT ON COLUMN billing.bills.state IS 'draft, held, issued, reconciled or void.';
COMMENT ON COLUMN billing.bills.aku_seconds IS 'AKU-seconds that were metered.';
COMMENT ON COLUMN billing.bills.subtotal IS 'Sum of the lines'' rounded amounts.';
COMMENT ON COLUMN billing.bills.tax IS 'Tax on the subtotal, contained in it or not.';
COMMENT ON COLUMN billing.bills.tax_included IS 'The part of the tax that the subtotal contains.';
COMMENT ON COLUMN billing.bills.total IS 'What is payable: subtotal and tax, contained tax once; negative on a credit note.';
COMMENT ON COLUMN billing.bills.forecast_total IS 'For a draft of a running period: the total expected at its end.';
COMMENT ON COLUMN billing.bills.printed IS 'What it prints of buyer, subscription and seller, as known when it was drafted (billing.printed_parties).';
COMMENT ON COLUMN billing.bills.subscription_ended_at IS 'End of the subscription as known when it was drafted; an end that is entered later corrects the bill.';
COMMENT ON COLUMN billing.bills.fingerprint IS 'SHA-256 over the bill''s inputs and amounts, in hex.';
COMMENT ON COLUMN billing.bills.fingerprint_form IS 'Form of the text that the fingerprint is of.';
COMMENT ON COLUMN billing.bills.fingerprint_groups IS 'SHA-256 of each group of inputs, to say which one changed.';
COMMENT ON COLUMN billing.bills.drafted_at IS 'Logical time of the run that made the draft.';
COMMENT ON COLUMN billing.bills.issued_at IS 'Logical time of the run that issued it.';
COMMENT ON COLUMN billing.bills.reconciled_at IS 'When the Marketplace''s bill agreed with it.';
CREATE INDEX bills_by_corrected ON billing.bills (corrects_bill_key) WHERE corrects_bill_key IS NOT NULL;
CREATE INDEX bills_by_period ON billing.bills (period);
CREATE INDEX bills_held ON billing.bills (bill_id) WHERE state = 'held';
CREATE UNIQUE INDEX bills_one_per_period ON billing.bills (subscription_key, period_start) WHERE document = 'bill';
CREATE TABLE billing.price_fees (
	version_key BIGINT NOT NULL,
	fee_no INTEGER NOT NULL,
	name TEXT NOT NULL,
	amount NUMERIC NOT NULL,
	is_prorated BOOLEAN NOT NULL,
	CONSTRAINT price_fees_pkey PRIMARY KEY (version_key, fee_no),
	CONSTRAINT price_fees_amount_check CHECK (amount >= 0),
	CONSTRAINT price_fees_version_key_fkey FOREIGN KEY(version_key) REFERENCES billing.price_plan_versions (version_key)
);
COMMENT ON TABLE billing.price_fees IS 'What a plan charges each period besides AKU-hours.';
COMMENT ON COLUMN billing.price_fees.version_key IS 'Version.';
COMMENT ON COLUMN billing.price_fees.fee_no IS 'Number of the fee, from 1.';
COMMENT ON COLUMN billing.price_fees.name IS 'Name of the fee, for the customer.';
COMMENT ON COLUMN billing.price_fees.amount IS 'Per billing period.';
COMMENT ON COLUMN billing.price_fees.is_prorated IS 'Whether it counts by seconds of activity.';
CREATE TABLE billing.price_tiers (
	version_key BIGINT NOT NULL,
	tier INTEGER NOT NULL,
	up_to NUMERIC,
	up_to_aku_seconds BIGINT,
	unit_price NUMERIC NOT NULL,
	flat_fee NUMERIC NOT NULL,
	price_scale INTEGER NOT NULL,
	scaled_price BIGINT NOT NULL,
	CONSTRAINT price_tiers_pkey PRIMARY KEY (version_key, tier),
	CONSTRAINT price_tiers_scaled_price_check CHECK (scaled_price BETWEEN 0 AND 25000000000),
	CONSTRAINT price_tiers_price_scale_check CHECK (price_scale BETWEEN 0 AND 12),
	CONSTRAINT price_tiers_version_key_fkey FOREIGN KEY(version_key) REFERENCES billing.price_plan_versions (version_key)
);
COMMENT ON TABLE billing.price_tiers IS 'Prices by range of AKU-hours.';
COMMENT ON COLUMN billing.price_tiers.version_key IS 'Version.';
COMMENT ON COLUMN billing.price_tiers.tier IS 'Number of the tier, from 1.';
COMMENT ON COLUMN billing.price_tiers.up_to IS 'Last AKU-hour of the tier (inclusive); null is without end.';
COMMENT ON COLUMN billing.price_tiers.up_to_aku_seconds IS 'The same in AKU-seconds.';
COMMENT ON COLUMN billing.price_tiers.unit_price IS 'Price per AKU-hour, or per package; beside a licence, of usage above its capacity.';
COMMENT ON COLUMN billing.price_tiers.flat_fee IS 'Fee when the tier is reached.';
COMMENT ON COLUMN billing.price_tiers.price_scale IS 'Decimal places that make unit price and rounded amounts whole numbers.';
COMMENT ON COLUMN billing.price_tiers.scaled_price IS 'unit_price × 10^price_scale, for exact integer arithmetic.';
CREATE TABLE billing.private_offers (
	offer_key BIGINT GENERATED ALWAYS AS IDENTITY,
	subscription_key BIGINT NOT NULL,
	effective_from TIMESTAMP WITH TIME ZONE NOT NULL,
	effective_until TIMESTAMP WITH TIME ZONE,
	price_plan TEXT,
	discount_percent NUMERIC,
	reason TEXT NOT NULL,
	entered_by TEXT NOT NULL,
	entered_at TIMESTAMP WITH TIME ZONE NOT NULL,
	correction_id TEXT,
	CONSTRAINT private_offers_pkey PRIMARY KEY (offer_key),
	CONSTRAINT private_offers_effective_check CHECK (effective_from < effective_until),
	CONSTRAINT private_offers_discount_percent_check CHECK (discount_percent BETWEEN 0 AND 100),
	CONSTRAINT private_offers_subscription_key_effective_from_entered__5852 UNIQUE (subscription_key, effective_from, entered_at),
	CONSTRAINT private_offers_subscription_key_fkey FOREIGN KEY(subscription_key) REFERENCES core.subscriptions (subscription_key),
	CONSTRAINT private_offers_price_plan_fkey FOREIGN KEY(price_plan) REFERENCES billing.price_plans (name)
);
COMMENT ON TABLE billing.private_offers IS 'Terms of one subscription: its own plan or discount from an instant on. Entered, never changed.';
COMMENT ON COLUMN billing.private_offers.offer_key IS 'Surrogate key.';
COMMENT ON COLUMN billing.private_offers.subscription_key IS 'Subscription.';
COMMENT ON COLUMN billing.private_offers.effective_from IS 'From when it holds (inclusive).';
COMMENT ON COLUMN billing.private_offers.effective_until IS 'Until when it holds (exclusive); null is without end.';
COMMENT ON COLUMN billing.private_offers.price_plan IS 'Plan in place of the subscription''s own; null keeps its own.';
COMMENT ON COLUMN billing.private_offers.discount_percent IS 'In place of the plan''s discount, 0 to 100; null keeps the plan''s.';
COMMENT ON COLUMN billing.private_offers.reason IS 'Why, as the person who entered it said.';
COMMENT ON COLUMN billing.private_offers.entered_by IS 'Who entered it.';
COMMENT ON COLUMN billing.private_offers.entered_at IS 'When it was entered. Where two offers hold at once, the one entered last counts.';
COMMENT ON COLUMN billing.private_offers.correction_id IS 'Correction that entered it, for the issued period that it corrects; null for an offer of its own.';
CREATE INDEX private_offers_by_subscription ON billing.private_offers (subscription_key, effective_from);
CREATE TABLE billing.waivers (
	waiver_key BIGINT GENERATED ALWAYS AS IDENTITY,
	subscription_key BIGINT NOT NULL,
	period TEXT NOT NULL,
	finding TEXT NOT NULL,
	facts JSONB NOT NULL,
	reason TEXT NOT NULL,
	waived_by TEXT NOT NULL,
	waived_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT waivers_pkey PRIMARY KEY (waiver_key),
	CONSTRAINT waivers_subscription_key_period_finding_facts_unique UNIQUE (subscription_key, period, finding, facts),
	CONSTRAINT waivers_subscription_key_fkey FOREIGN KEY(subscription_key) REFERENCES core.subscriptions (subscription_key)
);
COMMENT ON TABLE billing.waivers IS 'Findings that a person waived with a reason. Written once, never changed.';
COMMENT ON COLUMN billing.waivers.waiver_key IS 'Surrogate key.';
COMMENT ON COLUMN billing.waivers.subscription_key IS 'Subscription.';
COMMENT ON COLUMN billing.waivers.period IS 'Billing period, YYYY-MM.';
COMMENT ON COLUMN billing.waivers.finding IS 'Finding that does not hold the bill any more.';
COMMENT ON COLUMN billing.waivers.facts IS 'What was found (bill_findings.facts); other facts hold the bill again.';
COMMENT ON COLUMN billing.waivers.reason IS 'Why, as the person said.';
COMMENT ON COLUMN billing.waivers.waived_by IS 'Who waived it.';
COMMENT ON COLUMN billing.waivers.waived_at IS 'When.';
CREATE TABLE core.environments (
	environment_key BIGINT GENERATED ALWAYS AS IDENTITY,
	environment_id TEXT NOT NULL,
	subscription_key BIGINT NOT NULL,
	console_url TEXT NOT NULL,
	state TEXT NOT NULL,
	shard INTEGER NOT NULL,
	registered_at TIMESTAMP WITH TIME ZONE NOT NULL,
	verified_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT environments_pkey PRIMARY KEY (environment_key),
	CONSTRAINT environments_state_check CHECK (state IN ('registered', 'verified', 'metered', 'released')),
	CONSTRAINT environments_environment_id_unique UNIQUE (environment_id),
	CONSTRAINT environments_subscription_key_unique UNIQUE (subscription_key),
	CONSTRAINT environments_subscription_key_fkey FOREIGN KEY(subscription_key) REFERENCES core.subscriptions (subscription_key)
);
COMMENT ON TABLE core.environments IS 'The deployment of one subscription: one console, one network.';
COMMENT ON COLUMN core.environments.environment_key IS 'Surrogate key.';
COMMENT ON COLUMN core.environments.environment_id IS 'Id that the console knows itself by (X-automq-environment-id).';
COMMENT ON COLUMN core.environments.subscription_key IS 'Subscription; each has exactly one environment.';
COMMENT ON COLUMN core.environments.console_url IS 'Base URL of the environment console.';
COMMENT ON COLUMN core.environments.state IS 'registered, verified (the console answered), metered (polled), or released.';
COMMENT ON COLUMN core.environments.shard IS 'Which of the fixed number of polling shards asks it.';
COMMENT ON COLUMN core.environments.registered_at IS 'When it was registered.';
COMMENT ON COLUMN core.environments.verified_at IS 'When its console first answered.';
CREATE TABLE core.freezes (
	subscription_key BIGINT NOT NULL,
	frozen_from TIMESTAMP WITH TIME ZONE NOT NULL,
	frozen_until TIMESTAMP WITH TIME ZONE,
	CONSTRAINT freezes_pkey PRIMARY KEY (subscription_key, frozen_from),
	CONSTRAINT freezes_window_check CHECK (frozen_until >= frozen_from),
	CONSTRAINT freezes_subscription_key_fkey FOREIGN KEY(subscription_key) REFERENCES core.subscriptions (subscription_key)
);
COMMENT ON TABLE core.freezes IS 'Time in which a subscription had expired and was not renewed: it is neither metered nor billed.';
COMMENT ON COLUMN core.freezes.subscription_key IS 'Subscription.';
COMMENT ON COLUMN core.freezes.frozen_from IS 'End of the hour that contains the expiry; on the hour.';
COMMENT ON COLUMN core.freezes.frozen_until IS 'When it was renewed or resumed; null while it is frozen.';
CREATE UNIQUE INDEX freezes_that_last ON core.freezes (subscription_key) WHERE frozen_until IS NULL;
CREATE TABLE core.licences (
	licence_key BIGINT GENERATED ALWAYS AS IDENTITY,
	subscription_key BIGINT NOT NULL,
	term_start TIMESTAMP WITH TIME ZONE NOT NULL,
	term_end TIMESTAMP WITH TIME ZONE NOT NULL,
	term_months INTEGER NOT NULL,
	capacity_aku INTEGER NOT NULL,
	price NUMERIC NOT NULL,
	currency TEXT NOT NULL,
	auto_renew BOOLEAN NOT NULL,
	renews_licence_key BIGINT,
	CONSTRAINT licences_pkey PRIMARY KEY (licence_key),
	CONSTRAINT licences_term_check CHECK (term_start < term_end),
	CONSTRAINT licences_capacity_check CHECK (capacity_aku > 0),
	CONSTRAINT licences_price_check CHECK (price >= 0),
	CONSTRAINT licences_subscription_key_fkey FOREIGN KEY(subscription_key) REFERENCES core.subscriptions (subscription_key),
	CONSTRAINT licences_renews_licence_key_unique UNIQUE (renews_licence_key),
	CONSTRAINT licences_renews_licence_key_fkey FOREIGN KEY(renews_licence_key) REFERENCES core.licences (licence_key)
);
COMMENT ON TABLE core.licences IS 'Prepaid licences, one row per term.';
COMMENT ON COLUMN core.licences.licence_key IS 'Surrogate key.';
COMMENT ON COLUMN core.licences.subscription_key IS 'Subscription.';
COMMENT ON COLUMN core.licences.term_start IS 'Start of the term (inclusive).';
COMMENT ON COLUMN core.licences.term_end IS 'End of the term (exclusive).';
COMMENT ON COLUMN core.licences.term_months IS 'Length of the term in calendar months of the plan''s time zone.';
COMMENT ON COLUMN core.licences.capacity_aku IS 'Licensed capacity in AKU.';
COMMENT ON COLUMN core.licences.price IS 'Price of the whole term, from the terms in force at its start (billing.version_at).';
COMMENT ON COLUMN core.licences.currency IS 'ISO 4217 code.';
COMMENT ON COLUMN core.licences.auto_renew IS 'Whether the next term follows by itself.';
COMMENT ON COLUMN core.licences.renews_licence_key IS 'Term that this one renews; null for a first term. Each term is renewed once.';
CREATE INDEX licences_by_subscription ON core.licences (subscription_key, term_start);
CREATE TABLE core.onboarding_steps (
	subscription_key BIGINT NOT NULL,
	attempt INTEGER NOT NULL,
	step TEXT NOT NULL,
	outcome TEXT NOT NULL,
	detail TEXT,
	result JSONB DEFAULT '{}'::jsonb NOT NULL,
	recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
	tries BIGINT DEFAULT '1' NOT NULL,
	CONSTRAINT onboarding_steps_pkey PRIMARY KEY (subscription_key, attempt, step),
	CONSTRAINT onboarding_steps_outcome_check CHECK (outcome IN ('started', 'done', 'failed')),
	CONSTRAINT onboarding_steps_subscription_key_fkey FOREIGN KEY(subscription_key) REFERENCES core.subscriptions (subscription_key)
);
COMMENT ON TABLE core.onboarding_steps IS 'What onboarding did, step by step; the ledger for calls that cannot be repeated blindly.';
COMMENT ON COLUMN core.onboarding_steps.subscription_key IS 'Subscription.';
COMMENT ON COLUMN core.onboarding_steps.attempt IS 'Attempt of the subscription.';
COMMENT ON COLUMN core.onboarding_steps.step IS 'Name of the step, as the DAG''s task.';
COMMENT ON COLUMN core.onboarding_steps.outcome IS 'started (a call may be under way), done or failed.';
COMMENT ON COLUMN core.onboarding_steps.detail IS 'What happened, as a sentence; no secrets.';
COMMENT ON COLUMN core.onboarding_steps.result IS 'Ids the step yielded.';
COMMENT ON COLUMN core.onboarding_steps.recorded_at IS 'When it was recorded.';
COMMENT ON COLUMN core.onboarding_steps.tries IS 'How often the step was begun.';
CREATE TABLE marketplace.push_records (
	record_key BIGINT GENERATED ALWAYS AS IDENTITY,
	channel TEXT NOT NULL,
	marketplace_instance_id TEXT NOT NULL,
	hour_start TIMESTAMP WITH TIME ZONE NOT NULL,
	dimension TEXT NOT NULL,
	subscription_key BIGINT NOT NULL,
	product_code TEXT NOT NULL,
	item_key TEXT NOT NULL,
	quantity BIGINT NOT NULL,
	unit_seconds BIGINT DEFAULT '1' NOT NULL,
	carried_in BIGINT DEFAULT '0' NOT NULL,
	units BIGINT NOT NULL,
	window_start TIMESTAMP WITH TIME ZONE NOT NULL,
	window_end TIMESTAMP WITH TIME ZONE NOT NULL,
	cut_off TIMESTAMP WITH TIME ZONE NOT NULL,
	is_partial BOOLEAN NOT NULL,
	entered_at TIMESTAMP WITH TIME ZONE NOT NULL,
	outcome TEXT DEFAULT 'pending' NOT NULL,
	reason TEXT,
	their_code TEXT,
	attempt_key BIGINT,
	most_together INTEGER,
	decided_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT push_records_pkey PRIMARY KEY (record_key, hour_start),
	CONSTRAINT push_records_one_per_hour UNIQUE (channel, marketplace_instance_id, hour_start, dimension),
	CONSTRAINT push_records_outcome_check CHECK (outcome IN ('pending', 'sending', 'accepted', 'refused', 'duplicate_same', 'duplicate_different', 'unknown', 'missed', 'not_sent', 'expected', 'carried')),
	CONSTRAINT push_records_quantity_check CHECK (quantity >= 0),
	CONSTRAINT push_records_unit_check CHECK (unit_seconds >= 1 AND carried_in >= 0),
	CONSTRAINT push_records_units_check CHECK (units = (carried_in + quantity) / unit_seconds),
	CONSTRAINT push_records_window_check CHECK (window_start < window_end),
	CONSTRAINT push_records_subscription_key_fkey FOREIGN KEY(subscription_key) REFERENCES core.subscriptions (subscription_key)
)
 PARTITION BY RANGE (hour_start);
COMMENT ON TABLE marketplace.push_records IS 'What is reported of an instance''s hour: one record, however often it is sent.';
COMMENT ON COLUMN marketplace.push_records.record_key IS 'Surrogate key.';
COMMENT ON COLUMN marketplace.push_records.channel IS 'Marketplace, a channel of the catalogue.';
COMMENT ON COLUMN marketplace.push_records.marketplace_instance_id IS 'Marketplace instance that is charged.';
COMMENT ON COLUMN marketplace.push_records.hour_start IS 'Start of the UTC hour.';
COMMENT ON COLUMN marketplace.push_records.dimension IS 'What is measured, by the marketplace''s id of it.';
COMMENT ON COLUMN marketplace.push_records.subscription_key IS 'Subscription.';
COMMENT ON COLUMN marketplace.push_records.product_code IS 'Product at the marketplace; a request is of one.';
COMMENT ON COLUMN marketplace.push_records.item_key IS 'Unit at the marketplace, like Period.';
COMMENT ON COLUMN marketplace.push_records.quantity IS 'AKU-seconds, as they were known when the record was made; never changed afterwards.';
COMMENT ON COLUMN marketplace.push_records.unit_seconds IS 'AKU-seconds in one unit of what is sent.';
COMMENT ON COLUMN marketplace.push_records.carried_in IS 'AKU-seconds that the record before it left of a whole unit.';
COMMENT ON COLUMN marketplace.push_records.units IS 'What is sent: whole units of carried_in and quantity together. The rest is carried on.';
COMMENT ON COLUMN marketplace.push_records.window_start IS 'Start of the time that is reported.';
COMMENT ON COLUMN marketplace.push_records.window_end IS 'Its end (exclusive).';
COMMENT ON COLUMN marketplace.push_records.cut_off IS 'First instant at which it is too late.';
COMMENT ON COLUMN marketplace.push_records.is_partial IS 'True where its hour was not closed yet when the record was made.';
COMMENT ON COLUMN marketplace.push_records.entered_at IS 'When the record was made.';
COMMENT ON COLUMN marketplace.push_records.outcome IS 'pending, sending, accepted, refused, duplicate_same, duplicate_different, unknown, missed, not_sent, expected, carried.';
COMMENT ON COLUMN marketplace.push_records.reason IS 'Why, as a key of include/domain/words/pushes.py; null where nothing is to be said.';
COMMENT ON COLUMN marketplace.push_records.their_code IS 'The marketplace''s error code, with a refusal.';
COMMENT ON COLUMN marketplace.push_records.attempt_key IS 'Last request that had it.';
COMMENT ON COLUMN marketplace.push_records.most_together IS 'Records that its request may have, after a larger one was refused.';
COMMENT ON COLUMN marketplace.push_records.decided_at IS 'When it got its outcome; null while it waits.';
CREATE INDEX push_records_by_outcome ON marketplace.push_records (outcome, hour_start, record_key);
CREATE INDEX push_records_by_subscription ON marketplace.push_records (subscription_key, hour_start);
CREATE INDEX push_records_for_people ON marketplace.push_records (decided_at) WHERE outcome IN ('missed', 'refused', 'unknown', 'duplicate_different') OR (outcome = 'not_sent' AND reason = 'no_access');
CREATE INDEX push_records_in_units ON marketplace.push_records (channel, marketplace_instance_id, dimension, record_key) WHERE unit_seconds > 1;
CREATE INDEX push_records_waiting ON marketplace.push_records (channel, outcome, cut_off) WHERE outcome IN ('pending', 'not_sent', 'sending', 'unknown');
CREATE TABLE reconciliation.findings (
	finding_key BIGINT GENERATED ALWAYS AS IDENTITY,
	period TEXT NOT NULL,
	account_id TEXT NOT NULL,
	charged_id TEXT NOT NULL,
	subscription_key BIGINT,
	kind TEXT NOT NULL,
	difference NUMERIC NOT NULL,
	currency TEXT NOT NULL,
	facts JSONB NOT NULL,
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
	closed_at TIMESTAMP WITH TIME ZONE,
	closed_as TEXT,
	closed_by TEXT,
	reason TEXT,
	CONSTRAINT findings_pkey PRIMARY KEY (finding_key),
	CONSTRAINT findings_kind_check CHECK (kind IN ('differs', 'missing_here', 'missing_there', 'unknown_instance')),
	CONSTRAINT findings_closed_as_check CHECK (closed_as IN ('correction', 'explanation', 'final_bill')),
	CONSTRAINT findings_closed_check CHECK ((closed_at IS NULL) = (closed_as IS NULL) AND (closed_at IS NULL) = (closed_by IS NULL)),
	CONSTRAINT findings_reason_check CHECK ((reason IS NOT NULL) = (closed_as IS NOT NULL AND closed_as = 'explanation')),
	CONSTRAINT findings_subscription_check CHECK ((subscription_key IS NULL) = (kind = 'unknown_instance')),
	CONSTRAINT findings_account_id_fkey FOREIGN KEY(account_id) REFERENCES core.buyers (account_id),
	CONSTRAINT findings_subscription_key_fkey FOREIGN KEY(subscription_key) REFERENCES core.subscriptions (subscription_key)
);
COMMENT ON TABLE reconciliation.findings IS 'What the Marketplace''s final bill does not confirm, from when it is found until it is closed.';
COMMENT ON COLUMN reconciliation.findings.finding_key IS 'Surrogate key; people name a finding by it.';
COMMENT ON COLUMN reconciliation.findings.period IS 'Billing period, YYYY-MM.';
COMMENT ON COLUMN reconciliation.findings.account_id IS 'Buyer on whose bill it is.';
COMMENT ON COLUMN reconciliation.findings.charged_id IS 'Subscription; for unknown_instance the marketplace instance.';
COMMENT ON COLUMN reconciliation.findings.subscription_key IS 'Subscription; null for unknown_instance.';
COMMENT ON COLUMN reconciliation.findings.kind IS 'differs, missing_here, missing_there or unknown_instance.';
COMMENT ON COLUMN reconciliation.findings.difference IS 'Marketplace''s minus ours.';
COMMENT ON COLUMN reconciliation.findings.currency IS 'ISO 4217 code.';
COMMENT ON COLUMN reconciliation.findings.facts IS 'What its sentence says; amounts are text.';
COMMENT ON COLUMN reconciliation.findings.opened_at IS 'Logical time of the run that found it: its age counts from here.';
COMMENT ON COLUMN reconciliation.findings.last_seen_at IS 'Logical time of the last run that found it.';
COMMENT ON COLUMN reconciliation.findings.closed_at IS 'When it was closed; null while it is open.';
COMMENT ON COLUMN reconciliation.findings.closed_as IS 'correction (a correction of our bill makes both agree), explanation (of a person) or final_bill (the Marketplace''s and ours agree now); null while it is open.';
COMMENT ON COLUMN reconciliation.findings.closed_by IS 'The person who explained it, or the run that found it over.';
COMMENT ON COLUMN reconciliation.findings.reason IS 'The explanation.';
CREATE INDEX findings_by_period ON reconciliation.findings (period, charged_id);
CREATE UNIQUE INDEX findings_open ON reconciliation.findings (period, account_id, charged_id, currency) WHERE closed_at IS NULL;
CREATE TABLE reconciliation.hour_verdicts (
	subscription_key BIGINT NOT NULL,
	hour_start TIMESTAMP WITH TIME ZONE NOT NULL,
	period TEXT NOT NULL,
	our_amount NUMERIC,
	marketplace_amount NUMERIC,
	refunded NUMERIC,
	difference NUMERIC,
	currency TEXT NOT NULL,
	marketplace_currency TEXT,
	verdict TEXT NOT NULL,
	hypothesis TEXT,
	CONSTRAINT hour_verdicts_pkey PRIMARY KEY (subscription_key, hour_start),
	CONSTRAINT hour_verdicts_verdict_check CHECK (verdict IN ('agrees', 'differs_by_rounding', 'differs', 'missing_here', 'missing_there', 'refund')),
	CONSTRAINT hour_verdicts_subscription_key_fkey FOREIGN KEY(subscription_key) REFERENCES core.subscriptions (subscription_key)
);
COMMENT ON TABLE reconciliation.hour_verdicts IS 'Hours that do not agree, of the months that were compared by hour; all their other hours agree.';
COMMENT ON COLUMN reconciliation.hour_verdicts.subscription_key IS 'Subscription.';
COMMENT ON COLUMN reconciliation.hour_verdicts.hour_start IS 'Start of the UTC hour.';
COMMENT ON COLUMN reconciliation.hour_verdicts.period IS 'Billing period, YYYY-MM.';
COMMENT ON COLUMN reconciliation.hour_verdicts.our_amount IS 'What rating charges; null where we do not have the hour.';
COMMENT ON COLUMN reconciliation.hour_verdicts.marketplace_amount IS 'What the Marketplace charges; null where it does not have the hour.';
COMMENT ON COLUMN reconciliation.hour_verdicts.refunded IS 'The Marketplace''s negative items, which are in its amount.';
COMMENT ON COLUMN reconciliation.hour_verdicts.difference IS 'Marketplace''s minus ours; null in two currencies.';
COMMENT ON COLUMN reconciliation.hour_verdicts.currency IS 'ISO 4217 code.';
COMMENT ON COLUMN reconciliation.hour_verdicts.marketplace_currency IS 'ISO 4217 code of the Marketplace''s amount.';
COMMENT ON COLUMN reconciliation.hour_verdicts.verdict IS 'differs_by_rounding, differs, missing_here, missing_there or refund.';
COMMENT ON COLUMN reconciliation.hour_verdicts.hypothesis IS 'What may explain it, see reconciliation.hour_hypothesis.';
CREATE INDEX hour_verdicts_by_period ON reconciliation.hour_verdicts (period, subscription_key);
CREATE TABLE reconciliation.verdicts (
	subscription_key BIGINT NOT NULL,
	period TEXT NOT NULL,
	bill_key BIGINT,
	our_amount NUMERIC,
	marketplace_amount NUMERIC,
	difference NUMERIC NOT NULL,
	currency TEXT NOT NULL,
	hours_charged INTEGER NOT NULL,
	verdict TEXT NOT NULL,
	facts JSONB NOT NULL,
	is_final BOOLEAN NOT NULL,
	checked_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT verdicts_pkey PRIMARY KEY (subscription_key, period),
	CONSTRAINT verdicts_verdict_check CHECK (verdict IN ('agrees', 'differs_by_rounding', 'differs', 'missing_here', 'missing_there')),
	CONSTRAINT verdicts_subscription_key_fkey FOREIGN KEY(subscription_key) REFERENCES core.subscriptions (subscription_key)
);
COMMENT ON TABLE reconciliation.verdicts IS 'Our bill against the Marketplace''s, per subscription and period.';
COMMENT ON COLUMN reconciliation.verdicts.subscription_key IS 'Subscription.';
COMMENT ON COLUMN reconciliation.verdicts.period IS 'Billing period, YYYY-MM.';
COMMENT ON COLUMN reconciliation.verdicts.bill_key IS 'Our bill, if there is one.';
COMMENT ON COLUMN reconciliation.verdicts.our_amount IS 'Subtotal of our bill: the Marketplace''s charges are before tax, too.';
COMMENT ON COLUMN reconciliation.verdicts.marketplace_amount IS 'Sum of the Marketplace''s charges.';
COMMENT ON COLUMN reconciliation.verdicts.difference IS 'Marketplace''s minus ours.';
COMMENT ON COLUMN reconciliation.verdicts.currency IS 'ISO 4217 code.';
COMMENT ON COLUMN reconciliation.verdicts.hours_charged IS 'Hours of usage on our side; each may differ by less than 0.01 through rounding.';
COMMENT ON COLUMN reconciliation.verdicts.verdict IS 'agrees, differs_by_rounding, differs, missing_here or missing_there.';
COMMENT ON COLUMN reconciliation.verdicts.facts IS 'What the verdict follows from; amounts are text.';
COMMENT ON COLUMN reconciliation.verdicts.is_final IS 'Whether the Marketplace''s bill was final (day 3, 12:00, UTC+8) when it was fetched.';
COMMENT ON COLUMN reconciliation.verdicts.checked_at IS 'Logical time of the run that compared.';
CREATE TABLE billing.bill_findings (
	bill_key BIGINT NOT NULL,
	finding TEXT NOT NULL,
	facts JSONB NOT NULL,
	found_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT bill_findings_pkey PRIMARY KEY (bill_key, finding),
	CONSTRAINT bill_findings_bill_key_fkey FOREIGN KEY(bill_key) REFERENCES billing.bills (bill_key)
);
COMMENT ON TABLE billing.bill_findings IS 'Why a bill is held.';
COMMENT ON COLUMN billing.bill_findings.bill_key IS 'Bill.';
COMMENT ON COLUMN billing.bill_findings.finding IS 'Name of the audit that found it.';
COMMENT ON COLUMN billing.bill_findings.facts IS 'What was found; amounts and rates are text, instants UTC, a digest replaces what is too long.';
COMMENT ON COLUMN billing.bill_findings.found_at IS 'Logical time of the run that found it.';
CREATE TABLE billing.bill_taxes (
	bill_key BIGINT NOT NULL,
	for_bill_key BIGINT NOT NULL,
	tax_rate NUMERIC NOT NULL,
	is_inclusive BOOLEAN NOT NULL,
	is_refund BOOLEAN NOT NULL,
	base NUMERIC NOT NULL,
	amount NUMERIC NOT NULL,
	CONSTRAINT bill_taxes_pkey PRIMARY KEY (bill_key, for_bill_key, tax_rate, is_inclusive, is_refund),
	CONSTRAINT bill_taxes_bill_key_fkey FOREIGN KEY(bill_key) REFERENCES billing.bills (bill_key),
	CONSTRAINT bill_taxes_for_bill_key_fkey FOREIGN KEY(for_bill_key) REFERENCES billing.bills (bill_key)
);
COMMENT ON TABLE billing.bill_taxes IS 'Tax of a document by rate.';
COMMENT ON COLUMN billing.bill_taxes.bill_key IS 'Document.';
COMMENT ON COLUMN billing.bill_taxes.for_bill_key IS 'Bill whose period is taxed: the document''s own, or the one that its lines correct.';
COMMENT ON COLUMN billing.bill_taxes.tax_rate IS 'Rate; a fraction.';
COMMENT ON COLUMN billing.bill_taxes.is_inclusive IS 'Whether the base contains the tax.';
COMMENT ON COLUMN billing.bill_taxes.is_refund IS 'Whether it is tax on a refund, which no rule recomputes.';
COMMENT ON COLUMN billing.bill_taxes.base IS 'Sum of the lines'' amounts at this rate.';
COMMENT ON COLUMN billing.bill_taxes.amount IS 'The tax, rounded; for corrections, what is still due of it.';
CREATE TABLE billing.corrections (
	correction_key BIGINT GENERATED ALWAYS AS IDENTITY,
	correction_id TEXT NOT NULL,
	bill_key BIGINT NOT NULL,
	cause TEXT NOT NULL,
	delivery TEXT NOT NULL,
	reason TEXT NOT NULL,
	offer_key BIGINT,
	refund_amount NUMERIC,
	refund_line_no INTEGER,
	requested_by TEXT NOT NULL,
	requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
	state TEXT DEFAULT 'pending' NOT NULL,
	document_bill_key BIGINT,
	withdrawn_by TEXT,
	withdrawn_at TIMESTAMP WITH TIME ZONE,
	withdrawal_reason TEXT,
	CONSTRAINT corrections_pkey PRIMARY KEY (correction_key),
	CONSTRAINT corrections_cause_check CHECK (cause IN ('late_usage', 'price', 'discount', 'refund')),
	CONSTRAINT corrections_delivery_check CHECK (delivery IN ('next_bill', 'note')),
	CONSTRAINT corrections_state_check CHECK (state IN ('pending', 'applied', 'withdrawn')),
	CONSTRAINT corrections_document_check CHECK ((state = 'applied') = (document_bill_key IS NOT NULL)),
	CONSTRAINT corrections_withdrawn_at_check CHECK ((state = 'withdrawn') = (withdrawn_at IS NOT NULL)),
	CONSTRAINT corrections_withdrawn_by_check CHECK (num_nonnulls(withdrawn_by, withdrawn_at, withdrawal_reason) IN (0, 3)),
	CONSTRAINT corrections_refund_check CHECK ((cause = 'refund') = (refund_amount IS NOT NULL)),
	CONSTRAINT corrections_refund_amount_check CHECK (refund_amount > 0),
	CONSTRAINT corrections_correction_id_unique UNIQUE (correction_id),
	CONSTRAINT corrections_bill_key_fkey FOREIGN KEY(bill_key) REFERENCES billing.bills (bill_key),
	CONSTRAINT corrections_offer_key_fkey FOREIGN KEY(offer_key) REFERENCES billing.private_offers (offer_key),
	CONSTRAINT corrections_document_bill_key_fkey FOREIGN KEY(document_bill_key) REFERENCES billing.bills (bill_key)
);
COMMENT ON TABLE billing.corrections IS 'Corrections of issued bills that a person requested.';
COMMENT ON COLUMN billing.corrections.correction_key IS 'Surrogate key.';
COMMENT ON COLUMN billing.corrections.correction_id IS 'Public id, derived from the request: asking twice is asking once.';
COMMENT ON COLUMN billing.corrections.bill_key IS 'Bill of the corrected period.';
COMMENT ON COLUMN billing.corrections.cause IS 'late_usage, price, discount or refund.';
COMMENT ON COLUMN billing.corrections.delivery IS 'next_bill (lines on the subscription''s next bill) or note (a credit or debit note at once).';
COMMENT ON COLUMN billing.corrections.reason IS 'Why, for the customer.';
COMMENT ON COLUMN billing.corrections.offer_key IS 'For price and discount: the terms that the period should have been priced by.';
COMMENT ON COLUMN billing.corrections.refund_amount IS 'For a refund: what is given back, before tax, above 0.';
COMMENT ON COLUMN billing.corrections.refund_line_no IS 'For a refund: line of the bill that it is for.';
COMMENT ON COLUMN billing.corrections.requested_by IS 'Who requested it.';
COMMENT ON COLUMN billing.corrections.requested_at IS 'When.';
COMMENT ON COLUMN billing.corrections.state IS 'pending (waits for the next bill), applied or withdrawn (its offers no longer count).';
COMMENT ON COLUMN billing.corrections.document_bill_key IS 'Issued document with its lines.';
COMMENT ON COLUMN billing.corrections.withdrawn_by IS 'Who took it back while it waited.';
COMMENT ON COLUMN billing.corrections.withdrawn_at IS 'When.';
COMMENT ON COLUMN billing.corrections.withdrawal_reason IS 'Why it was taken back, as the person said.';
CREATE TABLE core.environment_credentials (
	environment_key BIGINT NOT NULL,
	access_key_id TEXT NOT NULL,
	secret_ciphertext BYTEA NOT NULL,
	stored_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT environment_credentials_pkey PRIMARY KEY (environment_key),
	CONSTRAINT environment_credentials_environment_key_fkey FOREIGN KEY(environment_key) REFERENCES core.environments (environment_key)
);
COMMENT ON TABLE core.environment_credentials IS 'Credentials of consoles. Not readable by analysts.';
COMMENT ON COLUMN core.environment_credentials.environment_key IS 'Environment.';
COMMENT ON COLUMN core.environment_credentials.access_key_id IS 'Access key id of the console.';
COMMENT ON COLUMN core.environment_credentials.secret_ciphertext IS 'Console secret, encrypted by the vault''s key.';
COMMENT ON COLUMN core.environment_credentials.stored_at IS 'When this credential was stored.';
CREATE TABLE marketplace.push_attempt_records (
	attempt_key BIGINT NOT NULL,
	record_key BIGINT NOT NULL,
	hour_start TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT push_attempt_records_pkey PRIMARY KEY (attempt_key, record_key, hour_start),
	CONSTRAINT push_attempt_records_record_key_hour_start_fkey FOREIGN KEY(record_key, hour_start) REFERENCES marketplace.push_records (record_key, hour_start),
	CONSTRAINT push_attempt_records_attempt_key_fkey FOREIGN KEY(attempt_key) REFERENCES marketplace.push_attempts (attempt_key)
)
 PARTITION BY RANGE (hour_start);
COMMENT ON TABLE marketplace.push_attempt_records IS 'Which records a request had.';
COMMENT ON COLUMN marketplace.push_attempt_records.attempt_key IS 'Request.';
COMMENT ON COLUMN marketplace.push_attempt_records.record_key IS 'Record.';
COMMENT ON COLUMN marketplace.push_attempt_records.hour_start IS 'Hour of the record.';
CREATE INDEX push_attempt_records_by_record ON marketplace.push_attempt_records (record_key);
CREATE TABLE marketplace.push_decisions (
	decision_key BIGINT GENERATED ALWAYS AS IDENTITY,
	channel TEXT NOT NULL,
	record_key BIGINT,
	hour_start TIMESTAMP WITH TIME ZONE,
	decision TEXT NOT NULL,
	decided_by TEXT NOT NULL,
	reason TEXT NOT NULL,
	decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT push_decisions_pkey PRIMARY KEY (decision_key),
	CONSTRAINT push_decisions_decision_check CHECK (decision IN ('hold', 'release', 'send_again', 'write_off', 'mark_accepted', 'mark_refused')),
	CONSTRAINT push_decisions_record_key_hour_start_fkey FOREIGN KEY(record_key, hour_start) REFERENCES marketplace.push_records (record_key, hour_start),
	CONSTRAINT push_decisions_record_check CHECK ((record_key IS NULL) = (decision IN ('hold', 'release'))),
	CONSTRAINT push_decisions_hour_check CHECK ((record_key IS NULL) = (hour_start IS NULL))
);
COMMENT ON TABLE marketplace.push_decisions IS 'What people did with the ledger of metering pushes.';
COMMENT ON COLUMN marketplace.push_decisions.decision_key IS 'Surrogate key.';
COMMENT ON COLUMN marketplace.push_decisions.channel IS 'Marketplace.';
COMMENT ON COLUMN marketplace.push_decisions.record_key IS 'Record; null for a hold or a release, which are of the channel.';
COMMENT ON COLUMN marketplace.push_decisions.hour_start IS 'Hour of the record.';
COMMENT ON COLUMN marketplace.push_decisions.decision IS 'hold, release, send_again, write_off, mark_accepted, mark_refused.';
COMMENT ON COLUMN marketplace.push_decisions.decided_by IS 'Person, with the way in parentheses.';
COMMENT ON COLUMN marketplace.push_decisions.reason IS 'Why, in that person''s words.';
COMMENT ON COLUMN marketplace.push_decisions.decided_at IS 'When.';
CREATE INDEX push_decisions_by_channel ON marketplace.push_decisions (channel, decision_key);
CREATE INDEX push_decisions_by_record ON marketplace.push_decisions (record_key);
CREATE TABLE metering.failing_consoles (
	environment_key BIGINT NOT NULL,
	failed_runs INTEGER NOT NULL,
	failing_since TIMESTAMP WITH TIME ZONE NOT NULL,
	last_failed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	cause TEXT NOT NULL,
	CONSTRAINT failing_consoles_pkey PRIMARY KEY (environment_key),
	CONSTRAINT failing_consoles_failed_runs_check CHECK (failed_runs > 0),
	CONSTRAINT failing_consoles_order_check CHECK (failing_since <= last_failed_at),
	CONSTRAINT failing_consoles_environment_key_fkey FOREIGN KEY(environment_key) REFERENCES core.environments (environment_key)
);
COMMENT ON TABLE metering.failing_consoles IS 'Consoles whose latest poll failed. After several in a row they are polled less often; an answer ends it.';
COMMENT ON COLUMN metering.failing_consoles.environment_key IS 'Environment whose console fails.';
COMMENT ON COLUMN metering.failing_consoles.failed_runs IS 'Failed polls in a row, since its last answer.';
COMMENT ON COLUMN metering.failing_consoles.failing_since IS 'Instant of the first of them.';
COMMENT ON COLUMN metering.failing_consoles.last_failed_at IS 'Instant of the last of them.';
COMMENT ON COLUMN metering.failing_consoles.cause IS 'Cause of the last of them, as in metering.polls.';
CREATE TABLE metering.instances (
	instance_key BIGINT GENERATED ALWAYS AS IDENTITY,
	instance_id TEXT NOT NULL,
	environment_key BIGINT NOT NULL,
	subscription_key BIGINT NOT NULL,
	name TEXT,
	created_at TIMESTAMP WITH TIME ZONE,
	first_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
	last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT instances_pkey PRIMARY KEY (instance_key),
	CONSTRAINT instances_environment_key_instance_id_unique UNIQUE (environment_key, instance_id),
	CONSTRAINT instances_environment_key_fkey FOREIGN KEY(environment_key) REFERENCES core.environments (environment_key),
	CONSTRAINT instances_subscription_key_fkey FOREIGN KEY(subscription_key) REFERENCES core.subscriptions (subscription_key)
);
COMMENT ON TABLE metering.instances IS 'Kafka clusters: the thing that is metered.';
COMMENT ON COLUMN metering.instances.instance_key IS 'Surrogate key.';
COMMENT ON COLUMN metering.instances.instance_id IS 'Kafka instance id as the console gives it; two environments may use the same one.';
COMMENT ON COLUMN metering.instances.environment_key IS 'Environment.';
COMMENT ON COLUMN metering.instances.subscription_key IS 'Subscription.';
COMMENT ON COLUMN metering.instances.name IS 'Name at last sight.';
COMMENT ON COLUMN metering.instances.created_at IS 'When the console says it was created; null when only history knows it.';
COMMENT ON COLUMN metering.instances.first_seen_at IS 'First reading or imported hour.';
COMMENT ON COLUMN metering.instances.last_seen_at IS 'Last reading or imported hour.';
CREATE TABLE metering.rejections (
	rejection_key BIGINT GENERATED ALWAYS AS IDENTITY,
	source TEXT NOT NULL,
	natural_key TEXT NOT NULL,
	rule TEXT NOT NULL,
	facts JSONB NOT NULL,
	payload JSONB NOT NULL,
	environment_key BIGINT,
	import_key BIGINT,
	row_number INTEGER,
	rejected_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT rejections_pkey PRIMARY KEY (rejection_key),
	CONSTRAINT rejections_natural_key_unique UNIQUE (natural_key),
	CONSTRAINT rejections_environment_key_fkey FOREIGN KEY(environment_key) REFERENCES core.environments (environment_key)
);
COMMENT ON TABLE metering.rejections IS 'Data that broke a rule: kept, counted, never used.';
COMMENT ON COLUMN metering.rejections.rejection_key IS 'Surrogate key.';
COMMENT ON COLUMN metering.rejections.source IS 'reading or import.';
COMMENT ON COLUMN metering.rejections.natural_key IS 'Where it comes from and what it is, so that the same one is kept once.';
COMMENT ON COLUMN metering.rejections.rule IS 'Short name of the rule it breaks.';
COMMENT ON COLUMN metering.rejections.facts IS 'What was wrong; values of any type are quoted text, instants UTC.';
COMMENT ON COLUMN metering.rejections.payload IS 'The data as it came.';
COMMENT ON COLUMN metering.rejections.environment_key IS 'Environment, for readings.';
COMMENT ON COLUMN metering.rejections.import_key IS 'Import, for imported rows.';
COMMENT ON COLUMN metering.rejections.row_number IS 'Row of the file, from 1, for imported rows.';
COMMENT ON COLUMN metering.rejections.rejected_at IS 'Instant of the poll, or logical time of the import''s run.';
CREATE INDEX rejections_by_environment ON metering.rejections (environment_key);
CREATE INDEX rejections_by_import ON metering.rejections (import_key, row_number);
CREATE TABLE operations.alarms (
	alarm_key BIGINT GENERATED ALWAYS AS IDENTITY,
	environment_key BIGINT NOT NULL,
	kind TEXT NOT NULL,
	since TIMESTAMP WITH TIME ZONE NOT NULL,
	facts JSONB NOT NULL,
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	closed_at TIMESTAMP WITH TIME ZONE,
	closing_facts JSONB,
	CONSTRAINT alarms_pkey PRIMARY KEY (alarm_key),
	CONSTRAINT alarms_environment_key_kind_since_unique UNIQUE (environment_key, kind, since),
	CONSTRAINT alarms_kind_check CHECK (kind IN ('silent', 'dropped_to_zero', 'unusual_total')),
	CONSTRAINT alarms_closed_check CHECK ((closed_at IS NULL) = (closing_facts IS NULL)),
	CONSTRAINT alarms_life_check CHECK (opened_at < closed_at),
	CONSTRAINT alarms_environment_key_fkey FOREIGN KEY(environment_key) REFERENCES core.environments (environment_key)
);
COMMENT ON TABLE operations.alarms IS 'Environments that fell silent, dropped to zero, or used unusually much or little; on until they are over.';
COMMENT ON COLUMN operations.alarms.alarm_key IS 'Surrogate key.';
COMMENT ON COLUMN operations.alarms.environment_key IS 'Environment.';
COMMENT ON COLUMN operations.alarms.kind IS 'silent, dropped_to_zero or unusual_total.';
COMMENT ON COLUMN operations.alarms.since IS 'What it counts from: the last answer (silent), the first answer with 0 AKU (dropped_to_zero), the start of the hour (unusual_total). Identifies the alarm, so that evaluating it again opens no second one.';
COMMENT ON COLUMN operations.alarms.facts IS 'What is wrong: a status, and what was seen and expected.';
COMMENT ON COLUMN operations.alarms.opened_at IS 'Logical time of the run that opened it.';
COMMENT ON COLUMN operations.alarms.closed_at IS 'Logical time of the run that found it over; null while it is on.';
COMMENT ON COLUMN operations.alarms.closing_facts IS 'How it ended: a status, and what was seen.';
CREATE UNIQUE INDEX alarms_one_on_at_a_time ON operations.alarms (environment_key, kind) WHERE closed_at IS NULL;
CREATE TABLE operations.machine_discrepancies (
	discrepancy_key BIGINT GENERATED ALWAYS AS IDENTITY,
	kind TEXT NOT NULL,
	account_id TEXT NOT NULL,
	region TEXT NOT NULL,
	environment_id TEXT NOT NULL,
	instance_id TEXT NOT NULL,
	environment_key BIGINT,
	machines INTEGER DEFAULT '0' NOT NULL,
	machine_hours BIGINT DEFAULT '0' NOT NULL,
	first_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
	last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
	state TEXT DEFAULT 'open' NOT NULL,
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	resolved_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT machine_discrepancies_pkey PRIMARY KEY (discrepancy_key),
	CONSTRAINT machine_discrepancies_kind_check CHECK (kind IN ('machine_without_instance', 'instance_without_machines', 'unregistered_environment')),
	CONSTRAINT machine_discrepancies_state_check CHECK (state IN ('open', 'resolved') AND (state = 'resolved') = (resolved_at IS NOT NULL)),
	CONSTRAINT machine_discrepancies_account_id_fkey FOREIGN KEY(account_id) REFERENCES core.buyers (account_id),
	CONSTRAINT machine_discrepancies_environment_key_fkey FOREIGN KEY(environment_key) REFERENCES core.environments (environment_key)
);
COMMENT ON TABLE operations.machine_discrepancies IS 'What disagrees between running machines with the paid image and metered instances.';
COMMENT ON COLUMN operations.machine_discrepancies.discrepancy_key IS 'Surrogate key.';
COMMENT ON COLUMN operations.machine_discrepancies.kind IS 'machine_without_instance, instance_without_machines or unregistered_environment.';
COMMENT ON COLUMN operations.machine_discrepancies.account_id IS 'Buyer.';
COMMENT ON COLUMN operations.machine_discrepancies.region IS 'Cloud region.';
COMMENT ON COLUMN operations.machine_discrepancies.environment_id IS 'Environment; for unregistered ones what the machines'' tags name (service instance, else environment), or empty.';
COMMENT ON COLUMN operations.machine_discrepancies.instance_id IS 'Kafka instance; empty when the machines'' tags name none, and for unregistered environments.';
COMMENT ON COLUMN operations.machine_discrepancies.environment_key IS 'Environment; null for unregistered ones.';
COMMENT ON COLUMN operations.machine_discrepancies.machines IS 'Different machines concerned; 0 for an instance without machines.';
COMMENT ON COLUMN operations.machine_discrepancies.machine_hours IS 'Machine hours in question: hours in which each machine was seen; for an instance without machines the hours in which none was.';
COMMENT ON COLUMN operations.machine_discrepancies.first_seen_at IS 'First listing that disagreed.';
COMMENT ON COLUMN operations.machine_discrepancies.last_seen_at IS 'Last listing that disagreed.';
COMMENT ON COLUMN operations.machine_discrepancies.state IS 'open, or resolved (it is no longer so).';
COMMENT ON COLUMN operations.machine_discrepancies.opened_at IS 'Logical time of the run that found it.';
COMMENT ON COLUMN operations.machine_discrepancies.resolved_at IS 'Logical time of the run that found it gone.';
CREATE UNIQUE INDEX machine_discrepancies_one_open ON operations.machine_discrepancies (kind, account_id, region, environment_id, instance_id) WHERE state = 'open';
CREATE TABLE operations.machines (
	machine_key BIGINT GENERATED ALWAYS AS IDENTITY,
	machine_id TEXT NOT NULL,
	account_id TEXT NOT NULL,
	region TEXT NOT NULL,
	image_id TEXT NOT NULL,
	instance_type TEXT,
	service_instance_tag TEXT,
	environment_tag TEXT,
	instance_tag TEXT,
	environment_key BIGINT,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	first_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
	last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT machines_pkey PRIMARY KEY (machine_key),
	CONSTRAINT machines_machine_id_unique UNIQUE (machine_id),
	CONSTRAINT machines_account_id_fkey FOREIGN KEY(account_id) REFERENCES core.buyers (account_id),
	CONSTRAINT machines_environment_key_fkey FOREIGN KEY(environment_key) REFERENCES core.environments (environment_key)
);
COMMENT ON TABLE operations.machines IS 'Machines that ran the paid image, started by anyone.';
COMMENT ON COLUMN operations.machines.machine_key IS 'Surrogate key.';
COMMENT ON COLUMN operations.machines.machine_id IS 'ECS instance id.';
COMMENT ON COLUMN operations.machines.account_id IS 'Buyer that runs it.';
COMMENT ON COLUMN operations.machines.region IS 'Cloud region.';
COMMENT ON COLUMN operations.machines.image_id IS 'Image that it runs: a paid one.';
COMMENT ON COLUMN operations.machines.instance_type IS 'Its size, as the cloud names it.';
COMMENT ON COLUMN operations.machines.service_instance_tag IS 'Compute Nest service instance that its tags name.';
COMMENT ON COLUMN operations.machines.environment_tag IS 'Environment that its tags name.';
COMMENT ON COLUMN operations.machines.instance_tag IS 'Kafka instance that its tags name.';
COMMENT ON COLUMN operations.machines.environment_key IS 'Environment that it belongs to; null while none is registered for it.';
COMMENT ON COLUMN operations.machines.created_at IS 'When the cloud says it was created.';
COMMENT ON COLUMN operations.machines.first_seen_at IS 'First listing that showed it running.';
COMMENT ON COLUMN operations.machines.last_seen_at IS 'Last listing that showed it running.';
CREATE INDEX machines_by_place ON operations.machines (account_id, region);
CREATE TABLE reporting.exports (
	export_key BIGINT GENERATED ALWAYS AS IDENTITY,
	period TEXT NOT NULL,
	bill_key BIGINT,
	format TEXT NOT NULL,
	language TEXT,
	destination TEXT NOT NULL,
	uri TEXT NOT NULL,
	sha256 TEXT NOT NULL,
	size_bytes BIGINT NOT NULL,
	document_count INTEGER NOT NULL,
	exported_at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT exports_pkey PRIMARY KEY (export_key),
	CONSTRAINT exports_uri_sha256_unique UNIQUE (uri, sha256),
	CONSTRAINT exports_format_check CHECK (format IN ('pdf', 'csv', 'focus')),
	CONSTRAINT exports_language_check CHECK ((format = 'pdf') = (language IS NOT NULL)),
	CONSTRAINT exports_bill_key_fkey FOREIGN KEY(bill_key) REFERENCES billing.bills (bill_key)
);
COMMENT ON TABLE reporting.exports IS 'Files of issued documents, one row per content that a file had; the last row of a uri is what it holds.';
COMMENT ON COLUMN reporting.exports.export_key IS 'Surrogate key.';
COMMENT ON COLUMN reporting.exports.period IS 'Period whose files it belongs to, YYYY-MM: of the bill, or in which the note was issued.';
COMMENT ON COLUMN reporting.exports.bill_key IS 'Document, for a file of one issued document; null for a file of the whole period.';
COMMENT ON COLUMN reporting.exports.format IS 'pdf, csv or focus.';
COMMENT ON COLUMN reporting.exports.language IS 'en or zh, for PDF; null for other formats.';
COMMENT ON COLUMN reporting.exports.destination IS 'Folder or bucket that the export was for: what is due is due for each by itself.';
COMMENT ON COLUMN reporting.exports.uri IS 'Where the file was written.';
COMMENT ON COLUMN reporting.exports.sha256 IS 'SHA-256 of its content, in hex.';
COMMENT ON COLUMN reporting.exports.size_bytes IS 'Length of its content in bytes.';
COMMENT ON COLUMN reporting.exports.document_count IS 'Documents that it holds.';
COMMENT ON COLUMN reporting.exports.exported_at IS 'Logical time of the run that wrote it last.';
CREATE INDEX exports_by_bill ON reporting.exports (bill_key, destination);
CREATE INDEX exports_by_period ON reporting.exports (period, format, destination);
CREATE TABLE billing.bill_lines (
	bill_key BIGINT NOT NULL,
	line_no INTEGER NOT NULL,
	kind TEXT NOT NULL,
	tier INTEGER,
	name TEXT,
	description TEXT NOT NULL,
	line_start TIMESTAMP WITH TIME ZONE NOT NULL,
	line_end TIMESTAMP WITH TIME ZONE NOT NULL,
	aku_seconds BIGINT NOT NULL,
	metered_aku_seconds BIGINT NOT NULL,
	quantity NUMERIC NOT NULL,
	unit TEXT NOT NULL,
	unit_price NUMERIC NOT NULL,
	exact_amount NUMERIC NOT NULL,
	amount NUMERIC NOT NULL,
	version_key BIGINT,
	tax_rate NUMERIC DEFAULT '0' NOT NULL,
	tax_is_inclusive BOOLEAN DEFAULT false NOT NULL,
	corrects_bill_key BIGINT,
	corrects_document_key BIGINT,
	corrects_line_no INTEGER,
	correction_key BIGINT,
	reason TEXT,
	CONSTRAINT bill_lines_pkey PRIMARY KEY (bill_key, line_no),
	CONSTRAINT bill_lines_kind_check CHECK (kind IN ('licence', 'covered', 'included', 'usage', 'overage', 'flat_fee', 'fee', 'discount', 'maximum', 'minimum', 'refund')),
	CONSTRAINT bill_lines_bill_key_fkey FOREIGN KEY(bill_key) REFERENCES billing.bills (bill_key),
	CONSTRAINT bill_lines_corrects_bill_key_fkey FOREIGN KEY(corrects_bill_key) REFERENCES billing.bills (bill_key),
	CONSTRAINT bill_lines_correction_key_fkey FOREIGN KEY(correction_key) REFERENCES billing.corrections (correction_key)
);
COMMENT ON TABLE billing.bill_lines IS 'Rounded, explained amounts of bills. A correction keeps the kind of what it corrects.';
COMMENT ON COLUMN billing.bill_lines.bill_key IS 'Bill.';
COMMENT ON COLUMN billing.bill_lines.line_no IS 'Number of the line on the bill, from 1.';
COMMENT ON COLUMN billing.bill_lines.kind IS 'licence, covered (usage within a licence), included (free usage), usage, overage (usage above a licence), flat_fee (of a tier), fee (per period), discount, maximum, minimum or refund.';
COMMENT ON COLUMN billing.bill_lines.tier IS 'Tier that usage or flat fee belongs to; null for other kinds.';
COMMENT ON COLUMN billing.bill_lines.name IS 'Name of the fee, for lines of kind fee.';
COMMENT ON COLUMN billing.bill_lines.description IS 'What is charged, for the customer.';
COMMENT ON COLUMN billing.bill_lines.line_start IS 'Start of what the line covers (inclusive).';
COMMENT ON COLUMN billing.bill_lines.line_end IS 'End of what the line covers (exclusive).';
COMMENT ON COLUMN billing.bill_lines.aku_seconds IS 'AKU-seconds that the line charges, or has for free; 0 where it is not about usage.';
COMMENT ON COLUMN billing.bill_lines.metered_aku_seconds IS 'AKU-seconds that were metered for them; others where the plan''s hour measure says so.';
COMMENT ON COLUMN billing.bill_lines.quantity IS 'Charged quantity, in its unit.';
COMMENT ON COLUMN billing.bill_lines.unit IS 'AKU-hour, package, AKU-month, or period (fees, minimum and maximum).';
COMMENT ON COLUMN billing.bill_lines.unit_price IS 'Price per unit.';
COMMENT ON COLUMN billing.bill_lines.exact_amount IS 'Quantity × price before any rounding, to 9 places.';
COMMENT ON COLUMN billing.bill_lines.amount IS 'Rounded amount; what rounding took is exact_amount - amount.';
COMMENT ON COLUMN billing.bill_lines.version_key IS 'Price plan version.';
COMMENT ON COLUMN billing.bill_lines.tax_rate IS 'Rate of tax on the line; a fraction.';
COMMENT ON COLUMN billing.bill_lines.tax_is_inclusive IS 'Whether the amount contains the tax.';
COMMENT ON COLUMN billing.bill_lines.corrects_bill_key IS 'For a correction: the bill of the corrected period, however often it was corrected.';
COMMENT ON COLUMN billing.bill_lines.corrects_document_key IS 'For a correction: document with the line that said it last; or null.';
COMMENT ON COLUMN billing.bill_lines.corrects_line_no IS 'For a correction: number of that line; null where no line did.';
COMMENT ON COLUMN billing.bill_lines.correction_key IS 'For a correction that a person requested: which one.';
COMMENT ON COLUMN billing.bill_lines.reason IS 'For a correction: why, for the customer.';
CREATE INDEX bill_lines_by_corrected ON billing.bill_lines (corrects_bill_key) WHERE corrects_bill_key IS NOT NULL;
CREATE TABLE billing.late_usage (
	late_usage_key BIGINT GENERATED ALWAYS AS IDENTITY,
	bill_key BIGINT NOT NULL,
	subscription_key BIGINT NOT NULL,
	environment_key BIGINT NOT NULL,
	instance_key BIGINT NOT NULL,
	hour_start TIMESTAMP WITH TIME ZONE NOT NULL,
	aku_seconds_before BIGINT NOT NULL,
	aku_seconds_after BIGINT NOT NULL,
	peak_aku_before INTEGER NOT NULL,
	peak_aku_after INTEGER NOT NULL,
	used_seconds_before INTEGER NOT NULL,
	used_seconds_after INTEGER NOT NULL,
	cause TEXT NOT NULL,
	found_at TIMESTAMP WITH TIME ZONE NOT NULL,
	state TEXT DEFAULT 'pending' NOT NULL,
	closed_at TIMESTAMP WITH TIME ZONE,
	applied_on_bill_key BIGINT,
	CONSTRAINT late_usage_pkey PRIMARY KEY (late_usage_key),
	CONSTRAINT late_usage_state_check CHECK (state IN ('pending', 'applied', 'withdrawn')),
	CONSTRAINT late_usage_closed_at_check CHECK ((state = 'pending') = (closed_at IS NULL)),
	CONSTRAINT late_usage_difference_check CHECK ((aku_seconds_before, peak_aku_before, used_seconds_before) <> (aku_seconds_after, peak_aku_after, used_seconds_after)),
	CONSTRAINT late_usage_document_check CHECK ((state = 'applied') = (applied_on_bill_key IS NOT NULL)),
	CONSTRAINT late_usage_bill_key_fkey FOREIGN KEY(bill_key) REFERENCES billing.bills (bill_key),
	CONSTRAINT late_usage_subscription_key_fkey FOREIGN KEY(subscription_key) REFERENCES core.subscriptions (subscription_key),
	CONSTRAINT late_usage_instance_key_fkey FOREIGN KEY(instance_key) REFERENCES metering.instances (instance_key),
	CONSTRAINT late_usage_applied_on_bill_key_fkey FOREIGN KEY(applied_on_bill_key) REFERENCES billing.bills (bill_key)
);
COMMENT ON TABLE billing.late_usage IS 'Late usage: differences of hours on issued bills that became known later; corrections bill them.';
COMMENT ON COLUMN billing.late_usage.late_usage_key IS 'Surrogate key.';
COMMENT ON COLUMN billing.late_usage.bill_key IS 'Issued bill that has the hour.';
COMMENT ON COLUMN billing.late_usage.subscription_key IS 'Subscription.';
COMMENT ON COLUMN billing.late_usage.environment_key IS 'Environment.';
COMMENT ON COLUMN billing.late_usage.instance_key IS 'Instance.';
COMMENT ON COLUMN billing.late_usage.hour_start IS 'Start of the UTC hour.';
COMMENT ON COLUMN billing.late_usage.aku_seconds_before IS 'AKU-seconds as billed: on the bill, and after late usage that was applied since.';
COMMENT ON COLUMN billing.late_usage.aku_seconds_after IS 'AKU-seconds as known now.';
COMMENT ON COLUMN billing.late_usage.peak_aku_before IS 'Largest AKU of the hour as billed.';
COMMENT ON COLUMN billing.late_usage.peak_aku_after IS 'Largest AKU of the hour as known now.';
COMMENT ON COLUMN billing.late_usage.used_seconds_before IS 'Seconds with AKU as billed.';
COMMENT ON COLUMN billing.late_usage.used_seconds_after IS 'Seconds with AKU as known now.';
COMMENT ON COLUMN billing.late_usage.cause IS 'late_answer or closed_again (see metering.usage_revisions), or imported.';
COMMENT ON COLUMN billing.late_usage.found_at IS 'Logical time of the run that found this difference.';
COMMENT ON COLUMN billing.late_usage.state IS 'pending, applied (on a later document) or withdrawn (it is as billed after all).';
COMMENT ON COLUMN billing.late_usage.closed_at IS 'When it was applied or withdrawn.';
COMMENT ON COLUMN billing.late_usage.applied_on_bill_key IS 'Issued document that it was applied on.';
CREATE INDEX late_usage_by_bill ON billing.late_usage (bill_key, hour_start);
CREATE UNIQUE INDEX late_usage_one_per_hour ON billing.late_usage (hour_start, instance_key) WHERE state = 'pending';
CREATE TABLE metering.gaps (
	gap_key BIGINT GENERATED ALWAYS AS IDENTITY,
	environment_key BIGINT NOT NULL,
	instance_key BIGINT,
	gap_start TIMESTAMP WITH TIME ZONE NOT NULL,
	gap_end TIMESTAMP WITH TIME ZONE NOT NULL,
	cause TEXT NOT NULL,
	state TEXT DEFAULT 'open' NOT NULL,
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
	closed_at TIMESTAMP WITH TIME ZONE,
	closed_by TEXT,
	closed_reason TEXT,
	CONSTRAINT gaps_pkey PRIMARY KEY (gap_key),
	CONSTRAINT gaps_window_check CHECK (gap_start < gap_end),
	CONSTRAINT gaps_state_check CHECK (state IN ('open', 'resolved', 'waived')),
	CONSTRAINT gaps_environment_key_fkey FOREIGN KEY(environment_key) REFERENCES core.environments (environment_key),
	CONSTRAINT gaps_instance_key_fkey FOREIGN KEY(instance_key) REFERENCES metering.instances (instance_key)
);
COMMENT ON TABLE metering.gaps IS 'Time for which usage is not known. An open gap holds the bill.';
COMMENT ON COLUMN metering.gaps.gap_key IS 'Surrogate key.';
COMMENT ON COLUMN metering.gaps.environment_key IS 'Environment.';
COMMENT ON COLUMN metering.gaps.instance_key IS 'Instance; null when the whole environment was silent.';
COMMENT ON COLUMN metering.gaps.gap_start IS 'Start of the time not known (inclusive).';
COMMENT ON COLUMN metering.gaps.gap_end IS 'End of the time not known (exclusive).';
COMMENT ON COLUMN metering.gaps.cause IS 'Why it is not known: a failed poll''s cause, not_asked, no_answer_yet, changed_in_silence, changed_before_first_poll, inconsistent_times or rejected_reading.';
COMMENT ON COLUMN metering.gaps.state IS 'open, resolved (better data came) or waived (by a person).';
COMMENT ON COLUMN metering.gaps.opened_at IS 'Logical time of the run that opened it.';
COMMENT ON COLUMN metering.gaps.closed_at IS 'When it was resolved or waived.';
COMMENT ON COLUMN metering.gaps.closed_by IS 'Who waived it.';
COMMENT ON COLUMN metering.gaps.closed_reason IS 'Why it was waived.';
CREATE UNIQUE INDEX gaps_one_per_silence ON metering.gaps (environment_key, coalesce(instance_key, 0), gap_start);
CREATE INDEX gaps_open ON metering.gaps (gap_end) WHERE state = 'open';
CREATE TABLE operations.machine_sightings (
	hour_start TIMESTAMP WITH TIME ZONE NOT NULL,
	machine_key BIGINT NOT NULL,
	observed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	compared_at TIMESTAMP WITH TIME ZONE,
	discrepancy_key BIGINT,
	CONSTRAINT machine_sightings_pkey PRIMARY KEY (hour_start, machine_key),
	CONSTRAINT machine_sightings_machine_key_fkey FOREIGN KEY(machine_key) REFERENCES operations.machines (machine_key),
	CONSTRAINT machine_sightings_discrepancy_key_fkey FOREIGN KEY(discrepancy_key) REFERENCES operations.machine_discrepancies (discrepancy_key)
);
COMMENT ON TABLE operations.machine_sightings IS 'One machine with the paid image, seen running in one UTC hour.';
COMMENT ON COLUMN operations.machine_sightings.hour_start IS 'Start of the UTC hour.';
COMMENT ON COLUMN operations.machine_sightings.machine_key IS 'Machine.';
COMMENT ON COLUMN operations.machine_sightings.observed_at IS 'Last listing of that hour that showed it running.';
COMMENT ON COLUMN operations.machine_sightings.compared_at IS 'Logical time of the run that compared it; null until a poll after it exists.';
COMMENT ON COLUMN operations.machine_sightings.discrepancy_key IS 'Discrepancy that it belongs to; null when an instance accounts for it.';
CREATE INDEX machine_sightings_in_question ON operations.machine_sightings (discrepancy_key) WHERE discrepancy_key IS NOT NULL;
CREATE INDEX machine_sightings_pending ON operations.machine_sightings (machine_key) WHERE compared_at IS NULL;
