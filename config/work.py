"""Every kind of work: which rows wait, who works them off, on which queue the bell rings.

The scans read only partial indexes of waiting rows. Order matters for one drain: data in, facts
and segments, runs, messages out.
"""

from django.conf import settings

from kernel.work import WorkKind

WORK: dict[str, WorkKind] = {
    "inbox": WorkKind(
        task="stores.tasks.drain_inbox",
        queue="webhooks",
        service="stores.services.inbox.drain_inbox",
        due="SELECT DISTINCT tenant_id FROM stores_inboxdelivery WHERE status = 'pending'",
    ),
    "fetch": WorkKind(
        task="stores.tasks.drain_fetches",
        queue="sync",
        service="stores.services.fetching.drain_fetches",
        due=(
            "SELECT DISTINCT d.tenant_id FROM stores_inboxdelivery AS d "
            "JOIN crm_store AS s ON s.tenant_id = d.tenant_id AND s.id = d.store_id "
            "WHERE d.status = 'pending' AND s.platform IN ('bigcommerce', 'magento')"
        ),
    ),
    "sync": WorkKind(
        task="stores.tasks.drain_syncs",
        queue="sync",
        service="stores.services.syncing.drain_syncs",
        due=(
            "SELECT DISTINCT tenant_id FROM stores_syncrun "
            "WHERE status IN ('queued', 'running', 'waiting') AND wake_at <= now() "
            "AND (lease_until IS NULL OR lease_until <= now()) "
            "UNION SELECT tenant_id FROM stores_connection WHERE pull_due_at <= now()"
        ),
    ),
    "registrations": WorkKind(
        task="stores.tasks.drain_registrations",
        queue="sync",
        service="stores.services.registering.drain_registrations",
        due="SELECT DISTINCT tenant_id FROM stores_connection WHERE register_due_at <= now()",
    ),
    "writes": WorkKind(
        task="stores.tasks.drain_writes",
        queue="sync",
        service="stores.services.writes.drain_writes",
        due=(
            "SELECT DISTINCT tenant_id FROM stores_writelane WHERE due_at <= now() "
            "AND (held_until IS NULL OR held_until <= now())"
        ),
    ),
    "outgoing": WorkKind(
        task="stores.tasks.drain_outgoing",
        queue="sync",
        service="stores.services.delivering.drain_outgoing",
        due=(
            "SELECT DISTINCT d.tenant_id FROM stores_webhookdelivery AS d "
            "JOIN stores_webhookendpoint AS e "
            "ON e.tenant_id = d.tenant_id AND e.id = d.endpoint_id "
            "WHERE d.status = 'pending' AND d.due_at <= now() AND e.is_enabled "
            "AND (e.held_until IS NULL OR e.held_until <= now())"
        ),
    ),
    "audit": WorkKind(
        task="stores.tasks.drain_audits",
        queue="sync",
        service="stores.services.auditing.drain_audits",
        due=(
            "SELECT DISTINCT tenant_id FROM stores_storeday "
            "WHERE status = 'due' AND due_at <= now() "
            "AND (lease_until IS NULL OR lease_until <= now()) "
            "UNION SELECT tenant_id FROM stores_connection "
            "WHERE pull_due_at IS NOT NULL AND (audit_due_at IS NULL OR audit_due_at <= now())"
        ),
    ),
    "prune": WorkKind(
        task="stores.tasks.prune_calls",
        queue="sync",
        service="stores.services.pruning.prune_due",
        due=(
            "SELECT t.id FROM tenants_tenant AS t WHERE EXISTS ("  # noqa: S608 a number of the settings
            "SELECT 1 FROM stores_inboxdelivery AS d "
            "WHERE d.tenant_id = t.id AND d.source = 'tracking' AND d.status = 'applied' "
            f"AND d.received_at < now() - interval '{settings.TRACKING_KEPT_DAYS:d} days')"
        ),
    ),
    "forget": WorkKind(
        task="stores.tasks.forget_people",
        queue="sync",
        service="stores.services.erasure.forget_due",
        due="SELECT DISTINCT tenant_id FROM stores_erasedtrace WHERE due_at <= now()",
        rests_when_suspended=False,
    ),
    "reactions": WorkKind(
        task="crm.tasks.react",
        queue="webhooks",
        service="crm.services.reactions.drain_reactions",
        due="SELECT DISTINCT tenant_id FROM crm_reaction",
    ),
    "segments": WorkKind(
        task="segments.tasks.reevaluate_due",
        queue="segments",
        service="segments.services.clock.reevaluate_due",
        due=(
            "SELECT tenant_id FROM segments_membership WHERE reeval_at <= now() "
            "UNION SELECT tenant_id FROM segments_upkeep WHERE due_at <= now()"
        ),
    ),
    "points": WorkKind(
        task="loyalty.tasks.work_off_lots",
        queue="segments",
        service="loyalty.services.expiry.work_off_lots",
        due="SELECT DISTINCT tenant_id FROM loyalty_pointsaccount WHERE due_at <= now()",
    ),
    "tiers": WorkKind(
        task="loyalty.tasks.work_off_tiers",
        queue="segments",
        service="loyalty.services.tiers.work_off_tiers",
        due=(
            "SELECT DISTINCT tenant_id FROM loyalty_pointsaccount WHERE tier_due_at <= now() "
            "UNION SELECT tenant_id FROM loyalty_program WHERE tier_cursor IS NOT NULL"
        ),
    ),
    "goods": WorkKind(
        task="segments.tasks.decide_buyers",
        queue="segments",
        service="segments.services.goods.decide_buyers",
        due="SELECT DISTINCT tenant_id FROM segments_goodschange",
    ),
    "rollups": WorkKind(
        task="analytics.tasks.add_up",
        queue="segments",
        service="analytics.services.rollups.add_up",
        due=(
            "SELECT tenant_id FROM analytics_rollupchange "
            "UNION SELECT t.id FROM tenants_tenant AS t "
            "LEFT JOIN analytics_rollupstate AS s ON s.tenant_id = t.id "
            "WHERE s.zone IS DISTINCT FROM t.timezone AND t.status <> 'purging'"
        ),
    ),
    "parcels": WorkKind(
        task="crm.tasks.find_late_parcels",
        queue="segments",
        service="crm.services.delays.find_late",
        due=(
            "SELECT DISTINCT tenant_id FROM crm_shipment "
            "WHERE promised_at < now() AND delayed_at IS NULL AND delivered_at IS NULL "
            "AND state IN ('', 'pending', 'shipped', 'out_for_delivery', 'failed')"
        ),
    ),
    "catalog": WorkKind(
        task="crm.tasks.count_products",
        queue="segments",
        service="crm.services.catalog.count_due",
        due=(
            "SELECT tenant_id FROM crm_catalogchange "
            "WHERE created_at <= now() - interval '5 minutes' "
            "UNION SELECT c.tenant_id FROM crm_catalogchange AS c "
            "LEFT JOIN crm_catalogcount AS n ON n.tenant_id = c.tenant_id "
            "WHERE n.tenant_id IS NULL "
            "UNION SELECT tenant_id FROM crm_catalogcount "
            "WHERE counted_at <= now() - interval '1 day'"
        ),
    ),
    "carts": WorkKind(
        task="crm.tasks.abandon_carts",
        queue="flows",
        service="crm.services.carts.abandon_due",
        due=("SELECT DISTINCT tenant_id FROM crm_cart WHERE status = 'open' AND idle_at <= now()"),
    ),
    "duplicates": WorkKind(
        task="crm.tasks.search_duplicates",
        queue="sync",
        service="crm.services.duplicates.search_due",
        due=(
            "SELECT tenant_id FROM crm_duplicatesearch WHERE due_at <= now() "
            "UNION SELECT t.id FROM tenants_tenant AS t "
            "LEFT JOIN crm_duplicatesearch AS d ON d.tenant_id = t.id "
            "WHERE d.tenant_id IS NULL AND t.status = 'active'"
        ),
    ),
    "merge_rules": WorkKind(
        task="crm.tasks.merge_by_rules",
        queue="sync",
        service="crm.services.merge_rules.merge_due",
        due="SELECT tenant_id FROM crm_mergerules WHERE rules <> '{}' AND due_at <= now()",
    ),
    "wanted": WorkKind(
        task="flows.tasks.start_wanted",
        queue="flows",
        service="flows.services.wanted.start_wanted",
        due="SELECT DISTINCT tenant_id FROM flows_wantedchange WHERE due_at <= now()",
    ),
    "flows": WorkKind(
        task="flows.tasks.advance_due",
        queue="flows",
        service="flows.services.engine.advance_due",
        due=(
            "SELECT DISTINCT tenant_id FROM flows_flowrun "
            "WHERE status = 'active' AND wake_at <= now()"
        ),
    ),
    "campaigns": WorkKind(
        task="flows.tasks.run_campaigns",
        queue="flows",
        service="flows.services.campaigns.running.run_due",
        due="SELECT DISTINCT tenant_id FROM flows_campaign WHERE due_at <= now()",
    ),
    "dates": WorkKind(
        task="flows.tasks.scan_dates",
        queue="flows",
        service="flows.services.dates.scan_due",
        due="SELECT DISTINCT tenant_id FROM flows_datescan WHERE due_at <= now()",
    ),
    "access": WorkKind(
        task="flows.tasks.tell_access",
        queue="flows",
        service="flows.services.early_access.tell_due",
        due="SELECT DISTINCT tenant_id FROM flows_accesslist WHERE due_at <= now()",
    ),
    "ab_tests": WorkKind(
        task="flows.tasks.measure_ab_tests",
        queue="flows",
        service="flows.services.ab_tests.measure_due",
        due="SELECT DISTINCT tenant_id FROM flows_abtest WHERE due_at <= now()",
    ),
    "stops": WorkKind(
        task="messaging.tasks.work_off_stops",
        queue="messages",
        service="messaging.services.stops.work_off_stops",
        due="SELECT DISTINCT tenant_id FROM messaging_sendingstop WHERE has_work",
    ),
    "rates": WorkKind(
        task="messaging.tasks.wake_waiting",
        queue="messages",
        service="messaging.services.rate_limits.wake_waiting",
        due="SELECT DISTINCT tenant_id FROM messaging_ratelimit WHERE waking <> '[]'",
    ),
    "messages": WorkKind(
        task="messaging.tasks.send_due",
        queue="messages",
        service="messaging.services.sending.send_due",
        due=(
            "SELECT DISTINCT tenant_id FROM messaging_message "
            "WHERE status IN ('pending', 'sending') AND due_at <= now()"
        ),
    ),
    "guards": WorkKind(
        task="messaging.tasks.check_guard",
        queue="sync",
        service="messaging.services.guarding.check_due",
        due=(
            "SELECT tenant_id FROM messaging_sendingguard WHERE due_at <= now() "
            "UNION SELECT t.id FROM tenants_tenant AS t "
            "LEFT JOIN messaging_sendingguard AS g ON g.tenant_id = t.id "
            "WHERE g.tenant_id IS NULL AND t.status = 'active'"
        ),
    ),
    "callbacks": WorkKind(
        task="messaging.tasks.apply_callbacks",
        queue="webhooks",
        service="messaging.services.callbacks.apply_callbacks",
        due=(
            "SELECT DISTINCT tenant_id FROM messaging_providercallback "
            "WHERE status = 'pending' AND due_at <= now()"
        ),
    ),
    "deliveries": WorkKind(
        task="messaging.tasks.add_up_deliveries",
        queue="sync",
        service="messaging.services.deliveries.add_up_deliveries",
        due=(
            "SELECT tenant_id FROM messaging_deliverychange "
            "UNION SELECT t.id FROM tenants_tenant AS t "
            "LEFT JOIN messaging_deliverystate AS s ON s.tenant_id = t.id "
            "WHERE s.zone IS DISTINCT FROM t.timezone AND t.status <> 'purging'"
        ),
    ),
    "mailboxes": WorkKind(
        task="messaging.tasks.read_mailboxes",
        queue="sync",
        service="messaging.services.reply_mailboxes.read_due",
        due="SELECT DISTINCT tenant_id FROM messaging_replymailbox WHERE due_at <= now()",
    ),
    "coupons": WorkKind(
        task="messaging.tasks.look_after_coupons",
        queue="sync",
        service="messaging.services.coupon_upkeep.look_after_due",
        due="SELECT DISTINCT tenant_id FROM messaging_coupon WHERE due_at <= now()",
    ),
    "notices": WorkKind(
        task="analytics.tasks.mail_notices",
        queue="sync",
        service="analytics.services.notice_mails.mail_due",
        due=(
            "SELECT tenant_id FROM analytics_noticecheck WHERE due_at <= now() "
            "UNION SELECT t.id FROM tenants_tenant AS t "
            "LEFT JOIN analytics_noticecheck AS n ON n.tenant_id = t.id "
            "WHERE n.tenant_id IS NULL AND t.status = 'active'"
        ),
    ),
    "events": WorkKind(
        task="analytics.tasks.count_events",
        queue="sync",
        service="analytics.services.event_health.count_due",
        due=(
            "SELECT tenant_id FROM analytics_eventcount WHERE due_at <= now() "
            "UNION SELECT t.id FROM tenants_tenant AS t "
            "LEFT JOIN analytics_eventcount AS n ON n.tenant_id = t.id "
            "WHERE n.tenant_id IS NULL AND t.status = 'active'"
        ),
    ),
    "domains": WorkKind(
        task="messaging.tasks.check_domains",
        queue="sync",
        service="messaging.services.dns_turns.check_due",
        due=(
            "SELECT tenant_id FROM messaging_sendingdomain WHERE check_due_at <= now() "
            "UNION SELECT tenant_id FROM messaging_linkdomain WHERE check_due_at <= now()"
        ),
    ),
    "jobs": WorkKind(
        task="tenants.tasks.run_jobs",
        queue="sync",
        service="tenants.services.job_turns.run_jobs",
        due=(
            "SELECT tenant_id FROM tenants_job WHERE status IN ('queued', 'running') "
            "UNION SELECT tenant_id FROM tenants_job "
            "WHERE expires_at <= now() AND result_path <> ''"
        ),
        rests_when_suspended=False,
    ),
    "answers": WorkKind(
        task="tenants.tasks.sweep_answers",
        queue="sync",
        service="tenants.services.answers.sweep_due",
        due=(
            "SELECT DISTINCT tenant_id FROM tenants_idempotencykey "
            "WHERE created_at <= now() - interval '1 day'"
        ),
        rests_when_suspended=False,
    ),
    "imports": WorkKind(
        task="imports.tasks.sweep_imports",
        queue="sync",
        service="imports.services.sweeping.sweep_due",
        due=(
            "SELECT tenant_id FROM imports_import WHERE expires_at <= now() "
            "UNION SELECT tenant_id FROM imports_import WHERE undo_until <= now()"
        ),
    ),
    "moves": WorkKind(
        task="imports.tasks.fetch_moves",
        queue="sync",
        service="imports.services.fetching.drain_moves",
        due=(
            "SELECT DISTINCT tenant_id FROM imports_move "
            "WHERE stage IN ('fetching', 'waiting') AND wake_at <= now() "
            "AND (lease_until IS NULL OR lease_until <= now())"
        ),
    ),
    "purge": WorkKind(
        task="config.tasks.purge_tenant",
        queue="sync",
        service="config.purge.purge_due",
        due=(
            "SELECT id FROM tenants_tenant WHERE status = 'purging' "
            "OR (status = 'deleting' AND purge_at <= now())"
        ),
        rests_when_suspended=False,
    ),
}
